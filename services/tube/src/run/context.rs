//! What all windows of an index share.

use std::sync::Arc;

use super::{kept::Kept, outcome::Shard, projects::Known};
use crate::{Form, ir::Program};

#[derive(Clone)]
pub(super) struct Context {
    pub(super) program: Arc<Program>,
    pub(super) known: Arc<Known>,
    /// Rows of other indices, for each join of this one; none where they are read for each window.
    pub(super) kept: Arc<Vec<Option<Kept>>>,
    /// The part of the roots that is made.
    pub(super) shard: Option<Shard>,
}

impl Context {
    pub(super) fn new(program: Arc<Program>, known: Known, shard: Option<Shard>) -> Self {
        Self { program, known: Arc::new(known), kept: Arc::default(), shard }
    }

    pub(super) fn form(&self) -> Form {
        self.program.form
    }
}
