//! fence's database. Functions take a connection; the caller begins and commits.

pub(crate) mod api_keys;
pub(crate) mod clients;
pub(crate) mod denylist;
mod ping;
mod schema;
pub(crate) mod sync;
pub(crate) mod users;

pub(crate) use ping::ping;
pub use schema::migrate;
