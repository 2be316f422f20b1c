//! From the mappings of indices to a schema of GraphQL. Pure.

mod build;
mod catalog;
mod meaning;

pub(crate) use build::build;
pub(crate) use catalog::{Catalog, Field, Fields, IndexModel, Leaf, Scalar, Shape, Values};
pub(crate) use meaning::{Meaning, Part};
