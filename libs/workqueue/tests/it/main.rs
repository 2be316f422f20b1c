//! The queue on a real database, with many workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod limits;
mod losses;
mod runs;
mod schedules;
mod support;
