//! What is known while a query is lowered.

use std::cell::Cell;

use dictionary::Dictionary;
use graphql::Schema;

use crate::{graph::Graph, schema::Meaning};

/// Answers that are known without the database, which are introspection and node types, have at most this
/// many bytes.
pub(super) const MOST_KNOWN: usize = 32 << 20;

/// Everything that gives fields their meaning.
pub(crate) struct Lowering<'g> {
    pub(super) dictionary: &'g Dictionary,
    pub(super) graph: &'g Graph,
    pub(super) schema: &'g Schema<Meaning>,
    /// Bytes that may still be known without the database.
    pub(super) known_left: Cell<usize>,
}

impl<'g> Lowering<'g> {
    /// Lowers one query.
    pub(crate) fn new(dictionary: &'g Dictionary, graph: &'g Graph, schema: &'g Schema<Meaning>) -> Self {
        Self { dictionary, graph, schema, known_left: Cell::new(MOST_KNOWN) }
    }
}
