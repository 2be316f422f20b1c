//! fence with a real database, a real object store and real sockets.
//!
//! arborist and indexd are small doubles here (`doubles.rs`), so that this suite needs fence alone; the suites
//! of the whole commons use the real ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod callers;
mod doubles;
mod downloads;
mod login;
mod schema;
mod uploads;
mod user;
mod user_yaml;
mod world;
