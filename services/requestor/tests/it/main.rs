//! requestor on a real database.

mod adoption;
mod endpoints;
mod following;
mod queries;
mod requests;
mod support;
