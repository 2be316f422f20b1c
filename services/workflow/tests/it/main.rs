//! Tasks on a real database, run behind real walls where the kernel gives them.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]

mod cases;
mod endpoints;
mod isolation;
mod running;
mod support;
