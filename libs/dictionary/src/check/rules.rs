//! The check of one node type.

use crate::{Dictionary, NodeType, Problem};

/// The rules for one node type, and the problems that were found.
pub(super) struct Rules<'a> {
    pub(super) file: &'a str,
    pub(super) dictionary: &'a Dictionary,
    pub(super) node: &'a NodeType,
    pub(super) problems: Vec<Problem>,
}

impl Rules<'_> {
    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::warning(self.file, path, message, remedy));
    }
}
