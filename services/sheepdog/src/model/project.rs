//! Programs and projects.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A project as paths name it. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct ProjectPath {
    /// Name of the program.
    pub program: String,
    /// Code of the project.
    #[serde(rename = "project")]
    pub code: String,
}

impl ProjectPath {
    /// `<program>-<code>`: what the nodes of the project have as `project_id`.
    pub(crate) fn project_id(&self) -> String {
        psqlgraph::ids::project_id(&self.program, &self.code)
    }

    /// The resource on which rights are given.
    pub(crate) fn resource(&self) -> String {
        format!("/programs/{}/projects/{}", self.program, self.code)
    }
}

/// A stored program.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub node_id: String,
    pub name: String,
    pub props: Map<String, Value>,
}

/// A stored project.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub node_id: String,
    pub path: ProjectPath,
    pub props: Map<String, Value>,
    pub program: Program,
}

impl Project {
    /// See [`ProjectPath::project_id`].
    pub(crate) fn project_id(&self) -> String {
        self.path.project_id()
    }
}
