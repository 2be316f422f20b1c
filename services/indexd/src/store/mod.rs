//! SQL. Every function takes a connection; whoever calls begins and commits. What writes a record, an alias
//! or a bundle takes it from a [`May`](crate::auth::May), the proof that somebody may do this to it.

pub(crate) mod aliases;
pub(crate) mod bulk;
pub(crate) mod bundles;
pub(crate) mod change;
pub(crate) mod children;
pub(crate) mod families;
pub(crate) mod filter;
pub(crate) mod gathered;
pub(crate) mod health;
pub(crate) mod insert;
pub(crate) mod layout;
pub(crate) mod legacy;
pub(crate) mod locations;
pub(crate) mod logins;
pub(crate) mod places;
pub(crate) mod records;
pub(crate) mod schema;
mod single;
pub(crate) mod stats;
pub(crate) mod transfer;
pub(crate) mod urls;
