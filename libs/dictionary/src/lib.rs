//! Gen3 data dictionaries: load, resolve, check, validate. Pure but for [`load`].
mod model;

pub use model::{Category, Dictionary, Link, LinkGroup, LinkItem, Multiplicity, NodeType, Property, ScalarType};
