//! The proofs that somebody may read or change metadata, with what demands them.

pub use crate::{
    access::{MayAdminister, MayRead},
    store::documents::{delete, find},
};
