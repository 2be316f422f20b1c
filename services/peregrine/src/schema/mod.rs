//! The GraphQL schema of a dictionary (peregrine 3.2.6).

mod arguments;
mod build;
mod logs;
mod meaning;

pub(crate) use build::build;
pub(crate) use meaning::Meaning;
