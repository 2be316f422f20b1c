//! Submissions: from documents to an answer, in one transaction.
//!
//! `accept` begins, `run` is the order of the steps: `intake`, `decide`, `write` and `log`. `bulk` runs
//! several documents in one transaction.

pub(crate) mod accept;
mod background;
pub(crate) mod body;
pub(crate) mod bulk;
pub(crate) mod bulk_body;
mod decide;
pub(crate) mod intake;
mod log;
mod lookups;
mod progress;
pub(crate) mod run;
mod work;
mod write;
