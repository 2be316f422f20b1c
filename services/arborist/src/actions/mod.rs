//! What arborist does: each action checks, reads or writes in one transaction.

mod client;
mod decision;
mod group;
mod health;
mod in_process;
mod policy;
pub(crate) mod references;
mod resource;
mod revocation;
mod role;
mod user;
