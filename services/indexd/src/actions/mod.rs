//! What indexd does: each action checks, asks for permission and writes in one transaction.
//!
//! A record is read without a lock, permission is asked for what was read, and the write then happens only if
//! the record is still at that revision. So nobody waits for arborist inside a transaction, and nobody writes
//! to a record whose guards have changed meanwhile.

mod aliases;
mod blank;
mod bulk;
mod bundles;
mod counters;
mod drs;
mod lists;
mod locations;
mod lookup;
mod records;
mod urls;
mod versions;

pub(crate) use bulk::{Answer, Ending, Outcome, Progress};
pub(crate) use lookup::Reach;
