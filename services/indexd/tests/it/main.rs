//! indexd with a real database, over HTTP and in the same process.

mod aliases;
mod auth;
mod blank;
mod bundles;
mod client;
mod drs;
mod endpoints;
mod lists;
mod migration;
mod ownership;
mod records;
mod support;
