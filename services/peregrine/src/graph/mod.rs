//! The dictionary as the compiler sees it: node types with their tables, links in both directions, and the
//! paths between types.

mod paths;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use dictionary::{Dictionary, NodeType, ScalarType, is_graphql_name, is_graphql_type};
use indexmap::IndexMap;
use psqlgraph::names;

pub(crate) use paths::{Paths, Step};

/// Position of a node type in [`Graph::types`].
pub(crate) type TypeId = usize;

/// All node types, in dictionary order.
pub(crate) struct Graph {
    pub(crate) types: Vec<NodeModel>,
    by_label: HashMap<String, TypeId>,
    /// Paths between two types, worked out when first asked for.
    paths: RwLock<KnownPaths>,
}

type KnownPaths = HashMap<(TypeId, TypeId), Option<Arc<Paths>>>;

/// A node type.
pub(crate) struct NodeModel {
    pub(crate) label: String,
    pub(crate) table: String,
    pub(crate) category: String,
    pub(crate) scope: Scope,
    /// Properties kept in `_props`, sorted by name.
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
    /// Nothing: programs and the built-in internal types are everybody's.
    Open,
}

/// How a property looks in GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Float,
    Boolean,
    /// A list of strings.
    List,
}

/// A link as seen from one of its ends.
#[derive(Debug)]
pub(crate) struct LinkModel {
    pub(crate) edge: String,
    pub(crate) target: TypeId,
    /// Whether this end is the edge's source (the child, which declares the link).
    pub(crate) from_source: bool,
    /// Whether there is at most one node at the other end.
    pub(crate) single: bool,
}

impl LinkModel {
    /// The edge's column with this end's id.
    pub(crate) fn near(&self) -> &'static str {
        if self.from_source { "src_id" } else { "dst_id" }
    }

    /// The edge's column with the other end's id.
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

impl Graph {
    /// All types that GraphQL can name; one that it cannot is left out, with an error in the log.
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let (named, unnamed): (Vec<&NodeType>, Vec<&NodeType>) =
            dictionary.nodes.values().partition(|node| is_graphql_type(&node.id));
        for node in unnamed {
            tracing::error!(
                node.label = node.id,
                "GraphQL has no such name for a type: it cannot be queried"
            );
        }
        let by_label: HashMap<String, TypeId> =
            named.iter().enumerate().map(|(id, node)| (node.id.clone(), id)).collect();
        let types = named.into_iter().map(|node| node_model(node, &by_label)).collect();
        Self { types, by_label, paths: RwLock::default() }
    }

    pub(crate) fn find(&self, label: &str) -> Option<TypeId> {
        self.by_label.get(label).copied()
    }

    /// The paths from `from` to `to` that a `with_path_to` takes; `None` when there is none.
    pub(crate) fn paths(&self, from: TypeId, to: TypeId) -> Option<Arc<Paths>> {
        let known = self.paths.read().ok().and_then(|paths| paths.get(&(from, to)).cloned());
        if let Some(known) = known {
            return known;
        }
        let found = Paths::find(self, from, to).map(Arc::new);
        // A poisoned lock only costs the saved work.
        if let Ok(mut paths) = self.paths.write() {
            paths.insert((from, to), found.clone());
        }
        found
    }
}

fn node_model(node: &NodeType, by_label: &HashMap<String, TypeId>) -> NodeModel {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_that_graphql_cannot_name_is_left_out() {
        let mut files: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/dictionary.json")).unwrap();
        for id in ["viewer", "String", "10x"] {
            let mut node = files["case.yaml"].clone();
            node["id"] = json!(id);
            node["links"] = json!([]);
            files[format!("{id}.yaml")] = node;
        }
        let dictionary = Dictionary::from_files(serde_json::from_value(files).unwrap()).unwrap();
        let graph = Graph::new(&dictionary);
        assert_eq!(graph.types.len(), dictionary.nodes.len() - 3);
        assert!(graph.types.iter().enumerate().all(|(id, node)| graph.find(&node.label) == Some(id)));
        crate::schema::build(&dictionary, &graph).unwrap();
    }
}
