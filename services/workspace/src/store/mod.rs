//! SQL.

pub(crate) mod migrate;
pub(crate) mod rows;
