//! What all mappings are compiled with.

use super::graph::Graph;
use crate::{Form, grammar::Word, likeness::meant, problem::Report};

/// What all mappings are compiled with.
pub(super) struct Compiler<'c> {
    pub(super) graph: Graph<'c>,
    pub(super) form: Form,
    pub(super) report: &'c mut Report,
}

impl Compiler<'_> {
    /// Whether the dictionary has this type; if not, it is reported.
    pub(super) fn is_node(&mut self, word: &Word) -> bool {
        let is_known = self.graph.dictionary.nodes.contains_key(&word.text);
        if !is_known {
            let remedy = meant(&word.text, self.graph.dictionary.nodes.keys().map(String::as_str));
            self.report.error(word.at, format!("the dictionary has no node type `{}`", word.text), remedy);
        }
        is_known
    }
}
