//! The demo study against the default dictionary, and its loading into a server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod loading;
mod server;
mod study;
