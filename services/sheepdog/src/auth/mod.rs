//! Authentication and authorisation: permissions are types, permits are the proofs that a caller has one, and
//! the checks make them.

mod check;
mod permissions;
mod permits;

pub use permissions::{
    Administration, ChangeState, CloseDryRun, CommitDryRun, Contains, Create, Delete, HandleFiles,
    ManagePrograms, ManageProjects, Read, Update,
};
pub use permits::{
    AdminPermit, FilesPermit, LoggedIn, Permitted, ProjectPermit, ReadPermit, SubmissionPermit,
};
