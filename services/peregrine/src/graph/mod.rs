//! The dictionary as the compiler sees it: node types with their tables, links in both directions, and the
//! paths between types.

mod model;
mod paths;
mod types;

pub(crate) use model::{LinkModel, NodeModel, Scalar, TypeId};
pub(crate) use paths::Step;
pub use types::Graph;
