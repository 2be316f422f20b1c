//! SQL. Functions take a connection; the caller begins and commits.

pub(crate) mod nodes;
pub(crate) mod projects;
