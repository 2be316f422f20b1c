//! Operations over HTTP, on a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod endpoints;
mod jobs;
mod manifests;
mod runs;
mod support;
mod workflows;
