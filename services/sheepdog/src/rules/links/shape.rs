//! The links that a node type declares, with their tables.

use std::collections::HashMap;

use dictionary::{Dictionary, Link, NodeType};
use psqlgraph::nodes::EdgeTable;

use crate::model::entity::Entity;

/// The links that a type declares, groups flattened, with their tables: made once a type, for entities are
/// many.
pub(super) struct Shape<'d> {
    pub node_type: &'d NodeType,
    pub links: Vec<(&'d Link, EdgeTable)>,
}

impl<'d> Shape<'d> {
    fn of(node_type: &'d NodeType) -> Self {
        let links =
            node_type.all_links().into_iter().map(|link| (link, EdgeTable::of_link(&node_type.id, link)));
        Self { node_type, links: links.collect() }
    }

    pub(super) fn link(&self, name: &str) -> Option<&(&'d Link, EdgeTable)> {
        self.links.iter().find(|(link, _)| link.name == name)
    }
}

/// The shapes of the types that occur.
pub(super) struct Shapes<'d> {
    dictionary: &'d Dictionary,
    known: HashMap<&'d str, Shape<'d>>,
}

impl<'d> Shapes<'d> {
    pub(super) fn new(dictionary: &'d Dictionary) -> Self {
        Self { dictionary, known: HashMap::new() }
    }

    pub(super) fn of(&mut self, entity: &Entity) -> Option<&Shape<'d>> {
        let node_type = entity.node_type(self.dictionary)?;
        Some(self.known.entry(&node_type.id).or_insert_with(|| Shape::of(node_type)))
    }
}

/// Whether the links of an entity are looked at.
pub(super) fn is_linkable(entity: &Entity) -> bool {
    entity.node.is_some() && entity.is_valid()
}
