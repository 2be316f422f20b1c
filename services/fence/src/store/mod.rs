//! fence's database. Functions take a connection; the caller begins and commits.

pub(crate) mod administration;
pub(crate) mod api_keys;
pub(crate) mod clients;
pub(crate) mod codes;
pub(crate) mod denylist;
pub(crate) mod legacy_access;
mod ping;
mod schema;
pub(crate) mod sync;
pub(crate) mod users;

pub(crate) use ping::ping;
pub use schema::migrate;
