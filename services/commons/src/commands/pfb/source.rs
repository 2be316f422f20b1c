//! Where records are read: the tables of a graph, or the routes of a commons.

use dictionary::{Dictionary, NodeType};
use psqlgraph::{ids::project_id, scan::Scan};
use serde_json::Value;

use super::{
    order::is_in_projects,
    record::{Heads, Record, Take},
    remote::Remote,
};

/// Where records are.
pub(crate) enum Source {
    Graph(Box<Scan>),
    Remote(Box<Remote>),
}

/// A source, and what is wanted of it.
pub(crate) struct Reading {
    source: Source,
    heads: Heads,
}

impl Reading {
    /// Begins to read some projects, or all that there are.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) async fn begin(
        mut source: Source,
        dictionary: &Dictionary,
        wanted: &[String],
    ) -> anyhow::Result<Self> {
        let all = match &mut source {
            Source::Graph(scan) => heads(scan, dictionary).await?,
            Source::Remote(remote) => remote.heads(dictionary).await?,
        };
        let heads = all.only(wanted)?;
        Ok(Self { source, heads })
    }

    /// The projects that are read.
    pub(crate) fn projects(&self) -> &[String] {
        &self.heads.project_ids
    }

    /// Gives `take` all records of a type in these projects.
    ///
    /// # Errors
    /// When they cannot be read, and those of `take`.
    pub(super) async fn each(&mut self, node: &NodeType, take: Take<'_>) -> anyhow::Result<()> {
        match node.id.as_str() {
            "program" => return self.heads.programs.iter().cloned().try_for_each(take),
            "project" => return self.heads.projects.iter().cloned().try_for_each(take),
            _ if !is_in_projects(node) => return Ok(()),
            _ => {}
        }
        match &mut self.source {
            Source::Graph(scan) => {
                let each = |node: psqlgraph::scan::ScannedNode| {
                    take(Record { id: node.id, properties: node.properties, targets: node.targets })
                };
                scan.nodes::<anyhow::Error>(node, Some(&self.heads.project_ids), each).await
            }
            Source::Remote(remote) => {
                for project in &self.heads.project_ids {
                    remote.records(project, node, take).await?;
                }
                Ok(())
            }
        }
    }
}

async fn heads(scan: &mut Scan, dictionary: &Dictionary) -> anyhow::Result<Heads> {
    let mut heads = Heads::default();
    for (label, records) in [("program", &mut heads.programs), ("project", &mut heads.projects)] {
        let Some(node) = dictionary.nodes.get(label) else { continue };
        let take = |node: psqlgraph::scan::ScannedNode| {
            records.push(Record { id: node.id, properties: node.properties, targets: node.targets });
            Ok(())
        };
        scan.nodes::<anyhow::Error>(node, None, take).await?;
    }
    let text = |record: &Record, name: &str| {
        record.properties.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let programs = &heads.programs;
    let id = |project: &Record| {
        let parent =
            programs.iter().find(|program| project.targets.iter().flatten().any(|id| *id == program.id));
        project_id(&parent.map(|program| text(program, "name")).unwrap_or_default(), &text(project, "code"))
    };
    heads.project_ids = heads.projects.iter().map(id).collect();
    Ok(heads)
}
