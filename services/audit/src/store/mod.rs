//! SQL.

pub(crate) mod insert;
pub(crate) mod migrate;
pub(crate) mod read;
