//! The library on a real database.

mod endpoints;
mod lists;
mod support;
