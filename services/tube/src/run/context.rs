//! What all windows of an index share.

use std::sync::Arc;

use super::{kept::Kept, projects::Known};
use crate::{Form, ir::Program};

#[derive(Clone)]
pub(super) struct Context {
    pub(super) program: Arc<Program>,
    pub(super) known: Arc<Known>,
    /// Rows of other indices, for each join of this one; none where they are read for each window.
    pub(super) kept: Arc<Vec<Option<Kept>>>,
}

impl Context {
    pub(super) fn new(program: Arc<Program>, known: Known) -> Self {
        Self { program, known: Arc::new(known), kept: Arc::default() }
    }

    pub(super) fn form(&self) -> Form {
        self.program.form
    }
}
