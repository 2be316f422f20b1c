//! Records, and what is above them.

use serde_json::{Map, Value};

use crate::failure::Failure;

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
    /// The ids of the targets of each link of its type.
    pub(crate) targets: Vec<Vec<String>>,
}

/// Takes a record.
pub(super) type Take<'a> = &'a mut (dyn FnMut(Record) -> anyhow::Result<()> + Send);

/// Programs and projects, which are no records of a project.
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) programs: Vec<Record>,
    pub(super) projects: Vec<Record>,
    /// `<program>-<code>` of each project.
    pub(super) project_ids: Vec<String>,
}

impl Heads {
    /// Those of some projects, or all.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn only(mut self, wanted: &[String]) -> anyhow::Result<Self> {
        for wanted in wanted {
            if !self.project_ids.contains(wanted) {
                let there = if self.project_ids.is_empty() {
                    "there is none that can be read".to_owned()
                } else {
                    format!("there are {}", self.project_ids.join(", "))
                };
                return Err(Failure::NotInOrder(format!("there is no project {wanted}; {there}")).into());
            }
        }
        if wanted.is_empty() {
            return Ok(self);
        }
        let mut kept = Vec::new();
        for (project, id) in self.projects.into_iter().zip(self.project_ids) {
            if wanted.contains(&id) {
                kept.push((project, id));
            }
        }
        (self.projects, self.project_ids) = kept.into_iter().unzip();
        let projects = &self.projects;
        self.programs.retain(|program| {
            projects
                .iter()
                .any(|project| project.targets.iter().flatten().any(|target| *target == program.id))
        });
        Ok(self)
    }
}
