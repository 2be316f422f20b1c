//! manifests over a real object store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod endpoints;
mod files;
mod support;
