//! Workspaces on a real database, with an executor that a test holds in its hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod crashes;
mod double;
mod endpoints;
mod life;
mod program;
mod support;
