//! Decisions in memory: the index as it is now, how it follows the tables, and mappings that are kept.
//!
//! Whoever asks gets the index only while it is known to be as the tables are ([`Live::current`]); otherwise
//! the tables are asked.

mod follow;
mod live;
mod mappings;
#[cfg(test)]
mod tests;
mod written;

pub(crate) use follow::{Following, follow};
pub(crate) use live::{Current, Live};
pub(crate) use mappings::{Key, Mappings};
pub(crate) use written::{mapping, mapping_json};
