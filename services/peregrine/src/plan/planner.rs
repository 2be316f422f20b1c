//! Planning for somebody.

use crate::{access::Readable, graph::Graph};

/// Plans statements for somebody. Whatever it plans is restricted to what that somebody may read.
pub struct Planner<'p> {
    pub(crate) graph: &'p Graph,
    pub(crate) readable: &'p Readable,
}

impl<'p> Planner<'p> {
    /// Plans for whoever may read `readable`.
    pub fn new(graph: &'p Graph, readable: &'p Readable) -> Self {
        Self { graph, readable }
    }
}
