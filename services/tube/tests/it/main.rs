//! Mappings over a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod documents;
mod graph;
mod joins;
mod plans;
mod problems;
mod runs;
