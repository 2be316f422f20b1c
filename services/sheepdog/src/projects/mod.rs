//! Programs and projects: making, changing and deleting them, and the states of projects.

pub(crate) mod document;
pub mod program;
pub(crate) mod project;
pub mod states;
