//! guppy over HTTP, on an engine in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod absent;
mod bad_input;
mod cases;
mod counts;
mod filters;
mod rows;
mod schema;
mod sets;
mod support;
mod tiers;
mod transport;
mod turns;
mod v1;
mod words;
