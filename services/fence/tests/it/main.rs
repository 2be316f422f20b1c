//! fence with a real database, a real object store and real sockets.
//!
//! arborist and indexd are small doubles in most tests: what they permit and hold stands in the test.
//! `real_neighbours.rs` does the main job with the real ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin;
mod api_keys;
mod downloads;
mod endpoints;
mod failures;
mod issuer;
mod login;
mod oauth;
mod oauth_authorize;
mod oauth_clients;
mod oauth_tokens;
mod real_neighbours;
mod recording;
mod registration;
mod relying_party;
mod schema;
mod uploads;
mod user;
mod user_yaml;
mod world;
