//! SQL. Functions take a connection; the caller begins and commits. Those that read properties or change
//! something take the proof that the caller may do so; those that only find types of ids and ends of edges do
//! not.

pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod family;
pub(crate) mod nodes;
pub(crate) mod probe;
pub(crate) mod projects;
pub(crate) mod snapshot;
pub(crate) mod states;
pub(crate) mod targets;
pub(crate) mod windows;
