//! Answers of transactions.

pub(crate) mod json;
pub(crate) mod outcome;
pub(crate) mod taken;
