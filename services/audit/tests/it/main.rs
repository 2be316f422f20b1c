//! The audit service on a real database.

mod adoption;
mod endpoints;
mod queries;
mod support;
