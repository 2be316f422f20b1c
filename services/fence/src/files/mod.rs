//! Files: the records that say where their bytes are, who may touch the bytes, and where they are or go.
//!
//! [`access`] makes the proofs that the methods of [`Fence`](crate::Fence) demand; everything else here
//! decides without changing anything.

pub mod access;
pub(crate) mod bucket_list;
pub mod download;
mod records;
mod rules;
pub mod target;

pub(crate) use indexclient::ownership::guid_of_key;
pub(crate) use records::{find, not_found};
