//! JSON of the servers → answers. Pure.

mod aggregates;
mod errors;
mod found;

pub(crate) use aggregates::{aggregates, page};
pub(crate) use errors::{refusal, unexpected};
pub(crate) use found::{hits, responses, total};
