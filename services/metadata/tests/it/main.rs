//! metadata on a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod aggregate;
mod aliases;
mod cases;
mod documents;
mod endpoints;
mod indexes;
mod limits;
mod objects;
mod queries;
mod search;
mod support;
