//! What arborist does: each action checks, reads or writes in one transaction.

mod client;
mod decision;
pub(crate) mod explain;
mod group;
mod health;
mod in_process;
mod policy;
mod policy_store;
pub(crate) mod references;
mod resource;
mod revocation;
mod role;
pub(crate) mod standing;
mod timed;
mod user;

pub(crate) use explain::Audience;
