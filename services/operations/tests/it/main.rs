//! Operations over HTTP, on a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archiver;
mod cases;
mod endpoints;
mod jobs;
mod manifests;
mod runs;
mod site;
mod support;
mod workflows;
