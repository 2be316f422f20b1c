//! Queries against a small schema.
#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod introspection;
mod js;
mod language;
mod limits;
mod support;
