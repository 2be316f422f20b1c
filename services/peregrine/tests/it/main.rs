//! peregrine over HTTP on a real PostgreSQL.

mod access;
mod bad_input;
mod filters;
mod interpreter;
mod lists;
mod logs;
mod requests;
mod support;
