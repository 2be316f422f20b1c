//! SQL.

pub(crate) mod claims;
pub(crate) mod logs;
pub(crate) mod migrate;
pub(crate) mod runs;
pub(crate) mod schedules;
