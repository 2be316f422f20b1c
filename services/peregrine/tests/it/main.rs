//! peregrine over HTTP on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod access;
mod adoption;
mod bad_input;

mod cases;
mod endpoints;
mod fairness;
mod filters;
mod hostile;
mod interpreter;
mod kinds;
mod lists;
mod logs;
mod requests;
mod streaming;
mod support;
