//! From what was found to the text of an answer, written once and in the order of the query. Pure.

mod buckets;
mod document;
mod json;
mod rows;
mod write;

pub(crate) use document::write_document;
pub(crate) use write::{refusal, write};
