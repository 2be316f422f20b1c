//! SQL.

pub(crate) mod migrate;
pub(crate) mod refresh_tokens;
