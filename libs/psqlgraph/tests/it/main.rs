//! psqlgraph on a real database.
#![expect(clippy::unwrap_used, reason = "tests panic")]

mod names;
mod tables;
