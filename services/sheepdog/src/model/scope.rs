//! Where the nodes of a submission belong.

use crate::model::project::Project;

/// What holds for all documents of a submission.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// See [`crate::model::project::ProjectPath::project_id`].
    pub project_id: String,
    pub code: String,
    pub project_node_id: String,
    pub writes: Writes,
}

/// Which nodes documents may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// New ones only (`POST`).
    Creations,
    /// New and stored ones (`PUT`).
    CreationsAndUpdates,
}

impl Scope {
    pub(crate) fn of(project: &Project, writes: Writes) -> Self {
        Self {
            project_id: project.project_id(),
            code: project.path.code.clone(),
            project_node_id: project.node_id.clone(),
            writes,
        }
    }
}
