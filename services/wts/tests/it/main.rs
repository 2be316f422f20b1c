//! wts on a real database, with a provider that is a real HTTP server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod aggregate;
mod cases;
mod endpoints;
mod login;
mod provider;
mod providers;
mod support;
mod token;
