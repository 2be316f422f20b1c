//! fence with a real database, a real object store and real sockets.
//!
//! arborist and indexd are small doubles in most tests: what they permit and hold stands in the test.
//! `real_neighbours.rs` does the main job with the real ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod downloads;
mod endpoints;
mod failures;
mod login;
mod real_neighbours;
mod schema;
mod uploads;
mod user;
mod user_yaml;
mod world;
