//! SQL. Functions take a connection; the caller begins and commits.

pub(crate) mod export;
pub(crate) mod family;
pub(crate) mod nodes;
pub(crate) mod projects;
pub(crate) mod states;
