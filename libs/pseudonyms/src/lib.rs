//! Records as others may have them: without what tells who they are of.
//!
//! [`Rules`] say what becomes of the properties of each node type, and are checked against a dictionary, so
//! that the records that are left are still valid under it. [`Pseudonyms`] change one record after another by
//! these rules and a secret [`Key`]: the same key makes the same pseudonyms, so that two snapshots can be
//! compared, and nobody without it can tell what they stand for.

mod change;
mod date;
mod key;
mod rules;

pub use change::{Pseudonyms, Unshiftable};
pub use key::Key;
pub use rules::{Fate, Problem, Rules};
