//! What the tests of all services share: a real PostgreSQL, cloned databases, signed tokens, doubles of the
//! neighbours, and the table of every endpoint and every kind of caller.

pub mod callers;
mod database;
pub mod endpoints;
mod identity;
mod index;
mod rights;

pub use database::{TestDatabase, own_server};
pub use identity::TestTokens;
pub use index::MemoryIndex;
pub use rights::{EVERYBODY, Rights};

/// A small data dictionary (merged JSON) with every form of link: program, project, study, case, demographic
/// (`one_to_one`), diagnosis, sample (an optional link), aliquot (`many_to_many`) and the file type reading
/// (a group).
pub const SMALL_DICTIONARY: &str = include_str!("small_dictionary.json");

/// What the original services leave in a graph database of the small dictionary as it was before it had
/// aliquots and readings: SQL. `transaction_snapshots` is missing; it follows in one of its two forms.
pub const ORIGINAL_GRAPH: &str = include_str!("original/graph.sql");

/// `transaction_snapshots` as the original has made it since 2019, with a row. After [`ORIGINAL_GRAPH`].
pub const ORIGINAL_SNAPSHOTS: &str = include_str!("original/snapshots.sql");

/// `transaction_snapshots` as the original made it before. After [`ORIGINAL_GRAPH`].
pub const ORIGINAL_OLD_SNAPSHOTS: &str = include_str!("original/old_snapshots.sql");
