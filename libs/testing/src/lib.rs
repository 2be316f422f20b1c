//! What the tests of all services share: a real PostgreSQL, cloned databases, and signed tokens.

mod database;
mod identity;

pub use database::TestDatabase;
pub use identity::TestTokens;

/// A small data dictionary (merged JSON) with every form of link: program, project, study, case, demographic
/// (`one_to_one`), diagnosis, sample (an optional link), aliquot (`many_to_many`) and the file type reading (a
/// group).
pub const SMALL_DICTIONARY: &str = include_str!("small_dictionary.json");
