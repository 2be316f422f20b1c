//! fence with a real database, a real object store and real sockets.
//!
//! arborist and indexd are small doubles in most tests: what they permit and hold stands in the test.
//! `real_neighbours.rs` does the main job with the real ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin;
mod api_keys;
mod bad_input;
mod behind;
mod cases;
mod certificates;
mod cloud_uploads;
mod clouds;
mod data_access;
mod downloads;
mod endpoints;
mod failures;
mod housekeeping;
mod issuer;
mod link;
mod local_accounts;
mod local_browser;
mod login;
mod login_rights;
mod oauth;
mod oauth_authorize;
mod oauth_clients;
mod oauth_tokens;
mod real_neighbours;
mod recording;
mod registration;
mod relying_party;
mod schema;
mod second_factor;
// The emulators of stores, as the tests of the stores themselves start them.
#[expect(dead_code, reason = "not all of them are needed here")]
#[path = "../../../../libs/storage/tests/it/servers.rs"]
mod servers;
mod shibboleth;
mod signing;
mod synapse;
mod upload_events;
mod upload_queue;
mod upload_queues;
mod upload_scan;
mod uploads;
mod user;
mod user_yaml;
mod visas;
mod world;
