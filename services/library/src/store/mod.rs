//! SQL.

pub(crate) mod lists;
pub(crate) mod migrate;
