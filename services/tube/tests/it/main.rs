//! Mappings over a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod documents;
mod failing;
mod following;
mod graph;
mod joins;
mod loading;
mod plans;
mod problems;
mod runs;
