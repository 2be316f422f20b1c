//! SQL. Every function takes a connection; the caller begins and commits.

pub(crate) mod client;
pub(crate) mod deactivated;
pub(crate) mod decision;
pub(crate) mod explain;
pub(crate) mod group;
pub(crate) mod holdings;
pub(crate) mod index;
pub(crate) mod links;
pub(crate) mod locks;
pub(crate) mod migrate;
pub(crate) mod policy;
pub(crate) mod resource;
pub(crate) mod role;
pub(crate) mod server;
pub(crate) mod timed;
pub(crate) mod user;
