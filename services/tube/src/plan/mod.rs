//! The statements of a run. Each reads for all roots of a window at once.

mod describe;
mod statements;

pub use describe::Planned;
pub(crate) use describe::describe;
pub(crate) use statements::{Chosen, Reach, counts, ends, leaves, nodes, parents, projects, steps, window};
