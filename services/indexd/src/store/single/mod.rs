//! The single-table layout (`USE_SINGLE_TABLE` of the original): a record is one row of the table `record`,
//! with its lists as arrays and its maps as JSON. The functions have the names and the meaning of those of
//! the multi-table layout beside this folder; [`Layout`](super::layout::Layout) chooses. Bundles, counters,
//! logins and legacy aliases are in tables of their own in both.
//!
//! What other writers have left may be null, of the wrong kind or given twice; it is read as empty, and once.
//! The database does not keep aliases unique here, so that their writers take turns.

pub(super) mod aliases;
pub(super) mod bulk;
pub(super) mod change;
pub(super) mod families;
pub(super) mod filter;
pub(super) mod insert;
pub(super) mod locations;
pub(super) mod records;
pub(super) mod urls;
