//! fence's database. Functions take a connection; the caller begins and commits.

pub(crate) mod administration;
pub(crate) mod api_keys;
pub(crate) mod certificates;
pub(crate) mod clients;
pub(crate) mod codes;
pub(crate) mod denylist;
pub(crate) mod google_accounts;
pub(crate) mod legacy_access;
pub(crate) mod local_accounts;
pub(crate) mod local_guesses;
mod ping;
mod schema;
pub(crate) mod standing;
pub(crate) mod sync;
pub(crate) mod unfinished;
pub(crate) mod uploads;
pub(crate) mod user_list;
pub(crate) mod users;
pub(crate) mod visas;

pub(crate) use ping::ping;
pub use schema::migrate;
