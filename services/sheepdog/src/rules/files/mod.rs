//! File nodes and the file index: which record each node means, and what has to be written there.
//!
//! [`wanted`] says what to look up, [`decide`] uses what was found. Two regimes: types with a property
//! `object_id` keep the record's GUID there; for older types the node's own id is the GUID.

mod context;
mod decide;
mod lookup;
mod writes;

pub(crate) use context::{FileContext, phsids};
pub(crate) use decide::{decide, set_guid};
pub(crate) use lookup::{FoundRecords, wanted};
pub(in crate::rules) use lookup::{files, guid};
pub(crate) use writes::{IndexWrites, Patch};
