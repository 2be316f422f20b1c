//! SQL.

pub(crate) mod aggregate;
pub(crate) mod aliases;
pub(crate) mod counts;
pub(crate) mod documents;
pub(crate) mod indexes;
pub(crate) mod migrate;
pub(crate) mod search;
