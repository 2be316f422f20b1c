//! Finding links and properties in the dictionary.

use dictionary::{Dictionary, Link, NodeType};
use psqlgraph::names::{edge_table, node_table};

use super::shapes;
use crate::{ir::Hop, outline::Shape};

/// The dictionary, as paths see it.
#[derive(Clone, Copy)]
pub(super) struct Graph<'d> {
    pub(super) dictionary: &'d Dictionary,
}

impl<'d> Graph<'d> {
    pub(super) fn table(&self, node: &str) -> String {
        node_table(node)
    }

    fn node(&self, node: &str) -> Option<&'d NodeType> {
        self.dictionary.nodes.get(node)
    }

    /// The link of a type by its name, or by its backref from the other side.
    pub(super) fn hop(&self, from: &str, name: &str) -> Option<Hop> {
        let node = self.node(from)?;
        if let Some(link) = node.link(name) {
            return Some(up(from, link));
        }
        node.backlinks.iter().find(|(_, link)| link.backref == name).map(|(source, link)| down(source, link))
    }

    /// The names of all links of a type, from both sides.
    pub(super) fn link_names(&self, from: &str) -> Vec<&'d str> {
        let Some(node) = self.node(from) else { return Vec::new() };
        let up = node.all_links().into_iter().map(|link| link.name.as_str());
        up.chain(node.backlinks.iter().map(|(_, link)| link.backref.as_str())).collect()
    }

    /// Whether one node of `from` has at most one at the other end of the link.
    pub(super) fn leads_to_one(&self, from: &str, name: &str) -> bool {
        let Some(node) = self.node(from) else { return false };
        if let Some(link) = node.link(name) {
            return link.multiplicity.one_target();
        }
        let back = node.backlinks.iter().find(|(_, link)| link.backref == name);
        back.is_some_and(|(_, link)| link.multiplicity.one_source())
    }

    /// What a property holds; none if the type has no such property.
    pub(super) fn shape(&self, node: &str, property: &str) -> Option<Shape> {
        let node = self.node(node)?;
        if node.is_link(property) {
            return None;
        }
        node.properties.get(property).map(|property| shapes::of(&property.schema))
    }

    pub(super) fn property_names(&self, node: &str) -> Vec<&'d str> {
        let stored = self.node(node).into_iter().flat_map(NodeType::stored_properties);
        stored.map(|property| property.name.as_str()).chain(["id"]).collect()
    }

    /// All links to parents.
    pub(super) fn hops_up(&self, from: &str) -> Vec<Hop> {
        let node = self.node(from).into_iter();
        node.flat_map(NodeType::all_links).map(|link| up(from, link)).collect()
    }

    /// All links to children.
    pub(super) fn hops_down(&self, from: &str) -> Vec<Hop> {
        let node = self.node(from).into_iter();
        node.flat_map(|node| &node.backlinks).map(|(source, link)| down(source, link)).collect()
    }

    /// The types of a category.
    pub(super) fn of_category(&self, category: &str) -> Vec<&'d str> {
        let nodes = self.dictionary.nodes.values().filter(|node| node.category.0 == category);
        nodes.map(|node| node.id.as_str()).collect()
    }
}

fn up(from: &str, link: &Link) -> Hop {
    let target = &link.target_type;
    Hop {
        edge: edge_table(from, &link.label, target),
        near: "src_id",
        far: "dst_id",
        node: target.clone(),
        table: node_table(target),
    }
}

fn down(source: &str, link: &Link) -> Hop {
    Hop {
        edge: edge_table(source, &link.label, &link.target_type),
        near: "dst_id",
        far: "src_id",
        node: source.to_owned(),
        table: node_table(source),
    }
}
