//! All projects of the commons, and their resource paths.

use std::collections::HashMap;

use sqlx::{PgConnection, Row as _};

use crate::{ir::Projects, plan};

/// A project in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) program: String,
    pub(super) code: String,
}

impl Project {
    /// `program-code`.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.program, self.code)
    }
}

/// What is known of all projects.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_node: HashMap<String, Vec<Project>>,
    by_id: HashMap<String, Project>,
    resources: HashMap<String, String>,
}

impl Known {
    pub(super) async fn read(
        connection: &mut PgConnection,
        projects: &Projects,
        resources: HashMap<String, String>,
    ) -> Result<Self, sqlx::Error> {
        let mut known = Self { resources, ..Self::default() };
        for row in plan::projects(projects).query().fetch_all(connection).await? {
            let (Some(code), Some(program)) = (row.try_get(1)?, row.try_get(2)?) else { continue };
            known.add(row.try_get(0)?, Project { program, code });
        }
        Ok(known)
    }

    fn add(&mut self, node: String, project: Project) {
        self.by_id.entry(project.id()).or_insert_with(|| project.clone());
        self.by_node.entry(node).or_default().push(project);
    }

    /// The projects that a project node stands for: one for each of its programs.
    pub(super) fn of_node(&self, node: &str) -> &[Project] {
        self.by_node.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// Who may see what belongs to a project. A name of a program may have a `-` in it; an id that no
    /// project has is split at the first one, as the original splits all.
    pub(super) fn resource(&self, project_id: &str) -> String {
        let split = || project_id.split_once('-');
        let known =
            self.by_id.get(project_id).map(|project| (project.program.as_str(), project.code.as_str()));
        let Some((program, code)) = known.or_else(split) else { return String::new() };
        let given = self.resources.get(code).cloned();
        given.unwrap_or_else(|| format!("/programs/{program}/projects/{code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_paths_are_those_of_the_projects_there_are() {
        let mut known = Known::default();
        known.resources.insert("old".to_owned(), "/programs/new/projects/place".to_owned());
        known.add("n1".to_owned(), Project { program: "a-b".to_owned(), code: "c".to_owned() });
        assert_eq!(known.resource("a-b-c"), "/programs/a-b/projects/c");
        assert_eq!(known.resource("x-y-z"), "/programs/x/projects/y-z");
        assert_eq!(known.resource("p-old"), "/programs/new/projects/place");
        assert_eq!(known.resource("none"), "");
    }
}
