//! The audit service on a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod cases;
mod endpoints;
mod queries;
mod support;
