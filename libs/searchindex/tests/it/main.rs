//! The embedded engine from outside: it answers as the naive engine does, and keeps what it has taken.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conforms;
mod durable;
mod equal;
mod limits;
