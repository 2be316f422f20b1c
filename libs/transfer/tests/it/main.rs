//! Transfers against a server of HTTP that breaks, refuses, forgets and lies on demand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commons;
mod downloads;
mod http;
mod uploads;
mod watched;
