//! A server and clients that want more of it than they should have.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
mod server;
mod tls;
