//! The gateway over HTTP, with services in this process and elsewhere: each case runs in both forms.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod edge;
mod front;
mod objects;
mod own;
mod rows;
mod tunnel;
