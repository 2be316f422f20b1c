//! psqlgraph on a real database.
#![expect(clippy::unwrap_used, reason = "tests panic")]

mod adoption;
mod names;
mod survey;
mod tables;
