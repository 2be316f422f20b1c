//! Node types and links, as the compiler sees them.

use std::collections::HashMap;

use dictionary::{NodeType, ScalarType, is_graphql_name};
use indexmap::IndexMap;
use psqlgraph::names;

/// The position of a node type in `Graph::types`.
pub(crate) type TypeId = usize;

/// A node type.
pub(crate) struct NodeModel {
    pub(crate) label: String,
    pub(crate) table: String,
    pub(crate) category: String,
    pub(crate) scope: Scope,
    /// The properties that `_props` holds, sorted by name.
    pub(crate) properties: IndexMap<String, Scalar>,
    /// Links by name: its own as declared, then those that point at it, by their backrefs.
    pub(crate) links: IndexMap<String, LinkModel>,
}

/// What decides who may read a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Its property `project_id`.
    ProjectId,
    /// It is a project.
    Project,
    /// Nothing: everybody may read programs and the built-in internal types.
    Open,
}

/// The type that a property has in GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Float,
    Boolean,
    /// A list of strings.
    List,
}

/// A link, seen from one of its ends.
#[derive(Debug)]
pub(crate) struct LinkModel {
    pub(crate) edge: String,
    pub(crate) target: TypeId,
    /// Whether this end is the source of the edge: the child, which declares the link.
    pub(crate) from_source: bool,
    /// Whether there is at most one node at the other end.
    pub(crate) single: bool,
}

impl LinkModel {
    /// The column of the edge that has the id of this end.
    pub(crate) fn near(&self) -> &'static str {
        if self.from_source { "src_id" } else { "dst_id" }
    }

    /// The column of the edge that has the id of the other end.
    pub(crate) fn far(&self) -> &'static str {
        if self.from_source { "dst_id" } else { "src_id" }
    }
}

impl NodeModel {
    /// Whether it is a file that `datanode` shows.
    pub(crate) fn is_file(&self) -> bool {
        self.category.ends_with("_file")
    }
}

/// The model of `node`. Links to types that `by_label` lacks are left out.
pub(super) fn node_model(node: &NodeType, by_label: &HashMap<String, TypeId>) -> NodeModel {
    let mut properties: IndexMap<String, Scalar> = node
        .stored_properties()
        .filter(|property| is_graphql_name(&property.name))
        .map(|property| (property.name.clone(), scalar(property.scalar)))
        .collect();
    properties.sort_unstable_keys();
    let scope = match node.id.as_str() {
        "project" => Scope::Project,
        "program" | "root" | "data_release" => Scope::Open,
        _ => Scope::ProjectId,
    };
    NodeModel {
        label: node.id.clone(),
        table: names::node_table(&node.id),
        category: node.category.0.clone(),
        scope,
        properties,
        links: links(node, by_label),
    }
}

fn links(node: &NodeType, by_label: &HashMap<String, TypeId>) -> IndexMap<String, LinkModel> {
    let mut links = IndexMap::new();
    for link in node.all_links() {
        let Some(target) = by_label.get(&link.target_type).copied() else { continue };
        let edge = names::edge_table(&node.id, &link.label, &link.target_type);
        let single = link.multiplicity.one_target();
        links.insert(link.name.clone(), LinkModel { edge, target, from_source: true, single });
    }
    for (source, link) in &node.backlinks {
        let Some(target) = by_label.get(source).copied() else { continue };
        let edge = names::edge_table(source, &link.label, &node.id);
        let single = link.multiplicity.one_source();
        links.insert(link.backref.clone(), LinkModel { edge, target, from_source: false, single });
    }
    links.retain(|name, _| is_graphql_name(name));
    links
}

fn scalar(declared: ScalarType) -> Scalar {
    match declared {
        ScalarType::String => Scalar::String,
        ScalarType::Number | ScalarType::Integer => Scalar::Float,
        ScalarType::Boolean => Scalar::Boolean,
        ScalarType::Array => Scalar::List,
    }
}
