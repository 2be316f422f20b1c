//! PFB, the portable format for biomedical data: one Avro file with a data model, its nodes and what they are
//! linked to, as the program `pfb` (pypfb 0.6) reads and writes it.
//!
//! A [`Model`] is made of a dictionary; a [`Writer`] writes it and then one entity after another. A
//! [`Reader`] gives back the model of a file and its entities. Both hold one block of the file in memory, and
//! nothing else that grows with it. A file is checked before it is used: what is not a PFB is a [`PfbError`].

mod error;
mod escape;
mod model;
mod read;
mod relation;
mod shape;
mod types;
mod write;

pub use error::{Misfit, ModelError, PfbError};
pub use escape::{decode, encode};
pub use model::{Model, NodeLink, NodeModel};
pub use read::{Entity, Reader};
pub use relation::Relation;
pub use types::{Branch, Field};
pub use write::Writer;
