//! The proofs that somebody may change requests, with what demands them.

pub use crate::{
    access::{Create, Delete, May, MayRequest, Read, Update},
    store::requests::delete,
};
