//! indexd with a real database, over HTTP and in the same process.

mod adoption;
mod aliases;
mod auth;
mod blank;
mod bulk;
mod bulk_failures;
mod bundles;
mod cases;
mod client;
mod contention;
mod drs;
mod drs_strict;
mod endpoints;
mod for_users;
mod layouts;
mod lists;
mod migration;
mod ownership;
mod places;
mod records;
mod support;
mod transfer;
