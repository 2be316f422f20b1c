//! The dictionary as the compiler sees it: node types with their tables, links in both directions, and the
//! paths between types.

mod model;
mod paths;
mod sizes;
mod types;

pub(crate) use model::{LinkModel, NodeModel, Scalar, TypeId};
pub(crate) use paths::Step;
pub(crate) use sizes::Sizes;
pub use types::Graph;
