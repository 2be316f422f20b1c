//! fence's database. Functions take a connection; the caller begins and commits.

pub(crate) mod api_keys;
pub(crate) mod clients;
pub(crate) mod denylist;
mod schema;
pub(crate) mod users;

pub use schema::migrate;
