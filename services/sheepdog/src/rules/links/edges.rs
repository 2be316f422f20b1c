//! Checks the edges of a submission against the dictionary and the stored edges, and says what to write.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dictionary::{Dictionary, Link, NodeType};
use psqlgraph::nodes::{Edge, EdgeTable};

use super::{
    rules::refuse_missing_links,
    shape::{Shape, Shapes, is_linkable},
};
use crate::{
    model::{
        entity::{Action, EdgeChange, Entity, Use},
        lookup::{EdgeLookup, Edges, Neighbours},
        problem::ErrorType,
    },
    rules::members::Claims,
};

/// The edges to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EdgeWrites {
    /// New edges.
    pub insert: BTreeMap<EdgeTable, Vec<Edge>>,
    /// Sources that lose all their edges.
    pub clear: BTreeMap<EdgeTable, Vec<String>>,
}

/// Notes which nodes link to each target under links that allow one source only.
pub(crate) fn claim(entities: &[Entity], claims: &mut Claims, dictionary: &Dictionary) {
    let mut shapes = Shapes::new(dictionary);
    for entity in entities {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for (name, one_use) in &entity.uses {
            let link = shape.link(name).filter(|(link, _)| link.multiplicity.one_source());
            let Some((_, table)) = link else { continue };
            one_use.ids.iter().for_each(|id| claims.add(table, id, &node.id));
        }
    }
}

/// Whether nodes of the type may link to a target that can have one source only.
pub(crate) fn may_claim(node_type: &NodeType) -> bool {
    node_type.all_links().iter().any(|link| link.multiplicity.one_source())
}

/// The edges that [`check`] needs to know.
pub(crate) fn wanted_edges(entities: &[Entity], dictionary: &Dictionary) -> BTreeMap<EdgeTable, EdgeLookup> {
    let mut wanted: BTreeMap<EdgeTable, EdgeLookup> = BTreeMap::new();
    let mut note = |table: &EdgeTable, note: &dyn Fn(&mut EdgeLookup)| match wanted.get_mut(table) {
        Some(of_table) => note(of_table),
        None => note(wanted.entry(table.clone()).or_default()),
    };
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter().filter(|entity| is_linkable(entity)) {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for (link, table) in &shape.links {
            if node.action == Action::Update {
                note(table, &|edges| edges.of_sources.extend([node.id.clone()]));
            }
            let Some(one_use) = entity.uses.get(&link.name) else { continue };
            if link.multiplicity.one_source() && !one_use.ids.is_empty() {
                note(table, &|edges| edges.of_destinations.extend(one_use.ids.iter().cloned()));
            }
        }
    }
    wanted
}

/// Refuses links that the dictionary does not allow, and notes in each entity which edges to write.
pub(crate) fn check(entities: &mut [Entity], edges: &Edges, claims: &Claims, dictionary: &Dictionary) {
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter_mut().filter(|entity| is_linkable(entity)) {
        let Some(shape) = shapes.of(entity) else { continue };
        EntityCheck { shape, edges, claims }.run(entity);
    }
}

/// The edges to write for all entities.
pub(crate) fn writes(entities: &[Entity], dictionary: &Dictionary) -> EdgeWrites {
    let mut writes = EdgeWrites::default();
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter().filter(|entity| !entity.edges.is_empty()) {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for change in &entity.edges {
            let Some((_, table)) = shape.link(&change.link) else { continue };
            if change.clear {
                writes.clear.entry(table.clone()).or_default().push(node.id.clone());
            }
            let edge = |target: &String| Edge { source: node.id.clone(), destination: target.clone() };
            let edges = change.insert.iter().map(edge);
            match writes.insert.get_mut(table) {
                Some(list) => list.extend(edges),
                None if change.insert.is_empty() => {}
                None => drop(writes.insert.insert(table.clone(), edges.collect())),
            }
        }
    }
    writes
}

/// The rules of the dictionary for one entity.
struct EntityCheck<'a> {
    shape: &'a Shape<'a>,
    edges: &'a Edges,
    claims: &'a Claims,
}

impl EntityCheck<'_> {
    fn run(&self, entity: &mut Entity) {
        let Some(id) = entity.node.as_ref().map(|node| node.id.clone()) else { return };
        let uses = std::mem::take(&mut entity.uses);
        let mut present: BTreeSet<&str> = BTreeSet::new();
        let no_use = Use::default();
        for (link, table) in &self.shape.links {
            let one_use = uses.get(&link.name).unwrap_or(&no_use);
            let existing = neighbours(&self.edges.destinations, table, &id);
            let kept = if one_use.cleared { &[] } else { existing };
            let insert: Vec<String> =
                one_use.ids.iter().filter(|target| !kept.contains(target)).cloned().collect();
            let after = kept.len() + insert.len();
            if after > 0 {
                present.insert(&link.name);
            }
            if !one_use.ids.is_empty() {
                self.refuse_too_many(entity, link, table, &id, one_use, after);
            }
            let clear = one_use.cleared && !existing.is_empty();
            if clear || !insert.is_empty() {
                entity.edges.push(EdgeChange { link: link.name.clone(), clear, insert });
            }
        }
        for item in &self.shape.node_type.links {
            refuse_missing_links(entity, item, &present);
        }
    }

    fn refuse_too_many(
        &self,
        entity: &mut Entity,
        link: &Link,
        table: &EdgeTable,
        id: &str,
        one_use: &Use,
        after: usize,
    ) {
        let (name, multiplicity) = (&link.name, link.multiplicity.as_str());
        if link.multiplicity.one_target() && after > 1 {
            let message = format!("'{name}' link has to be {multiplicity}");
            entity.refuse(ErrorType::InvalidLink, message, &[name]);
        }
        if !link.multiplicity.one_source() {
            return;
        }
        let is_taken = |target: &&String| {
            let stored = neighbours(&self.edges.sources, table, target);
            stored.iter().any(|source| source != id) || self.claims.has_other(table, target, id)
        };
        if one_use.ids.iter().any(|target| is_taken(&target)) {
            let message = format!(
                "'{name}' link has to be {multiplicity}, target node {} already has {}",
                link.target_type, link.backref
            );
            entity.refuse(ErrorType::InvalidLink, message, &[name]);
        }
    }
}

fn neighbours<'n>(edges: &'n HashMap<EdgeTable, Neighbours>, table: &EdgeTable, id: &str) -> &'n [String] {
    edges.get(table).and_then(|of_table| of_table.get(id)).map(Vec::as_slice).unwrap_or_default()
}
