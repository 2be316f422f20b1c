//! Node types and links, as the compiler sees them.

use std::{
    collections::{HashMap, HashSet},
    ops::Index,
};

use dictionary::{NodeType, Property, ScalarType, is_graphql_name};
use indexmap::IndexMap;
use psqlgraph::names;
use serde_json::Value;
use sql::Sql;

use super::sizes::Sizes;
use crate::access::{Readable, Scope};

/// A node type of a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TypeId(usize);

/// All node types, in the order of the dictionary.
pub(crate) struct NodeTypes {
    models: Vec<NodeModel>,
    ids: HashMap<String, TypeId>,
}

impl NodeTypes {
    /// The models of `nodes`. Links to other types are left out.
    pub(super) fn new(nodes: &[&NodeType]) -> Self {
        let id = |(position, node): (usize, &&NodeType)| (node.id.clone(), TypeId(position));
        let ids = nodes.iter().enumerate().map(id).collect();
        Self { models: nodes.iter().map(|node| node_model(node, &ids)).collect(), ids }
    }

    pub(crate) fn find(&self, label: &str) -> Option<TypeId> {
        self.ids.get(label).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TypeId, &NodeModel)> {
        self.models.iter().enumerate().map(|(position, model)| (TypeId(position), model))
    }

    pub(crate) fn models(&self) -> &[NodeModel] {
        &self.models
    }
}

impl Index<TypeId> for NodeTypes {
    type Output = NodeModel;

    fn index(&self, id: TypeId) -> &NodeModel {
        &self.models[id.0]
    }
}

/// A node type.
pub(crate) struct NodeModel {
    pub(crate) label: String,
    table: String,
    pub(crate) category: String,
    pub(crate) scope: Scope,
    /// The properties that `_props` holds, sorted by name.
    pub(crate) properties: IndexMap<String, Scalar>,
    /// Links by name: first its own as they are declared, then those that point at it, by their backrefs.
    pub(crate) links: IndexMap<String, LinkModel>,
    /// Properties whose values, or the items of whose lists, may be of other kinds than they look in GraphQL.
    loose: HashSet<String>,
    /// Members of its keys, by which the database finds a node without looking at all of them.
    keys: HashSet<String>,
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
    /// The name of its table. It takes the proof that there is somebody to read it for, so that no statement
    /// about nodes can be written without one.
    pub(crate) fn table(&self, _proof: &Readable) -> Sql {
        Sql::ident(&self.table)
    }

    /// About how many nodes of this type there are, whoever may read them.
    pub(crate) fn rows(&self, sizes: &Sizes) -> u64 {
        sizes.rows(&self.table)
    }

    /// Whether this property names few nodes, which the database finds by an index. `project_id` is a member
    /// of most keys, and names many.
    pub(crate) fn is_key(&self, property: &str) -> bool {
        property != "project_id" && self.keys.contains(property)
    }

    /// Whether values of this property, or items of its lists, may be of another kind than it has in GraphQL.
    pub(crate) fn is_loose(&self, property: &str) -> bool {
        self.loose.contains(property)
    }

    /// Whether it is a file that `datanode` shows.
    pub(crate) fn is_file(&self) -> bool {
        self.category.ends_with("_file")
    }
}

fn node_model(node: &NodeType, ids: &HashMap<String, TypeId>) -> NodeModel {
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
        links: links(node, ids),
        loose: node.stored_properties().filter(|p| is_loose(p)).map(|p| p.name.clone()).collect(),
        keys: node.unique_keys.iter().flatten().cloned().collect(),
    }
}

fn links(node: &NodeType, ids: &HashMap<String, TypeId>) -> IndexMap<String, LinkModel> {
    let mut links = IndexMap::new();
    for link in node.all_links() {
        let Some(target) = ids.get(&link.target_type).copied() else { continue };
        let edge = names::edge_table(&node.id, &link.label, &link.target_type);
        let single = link.multiplicity.one_target();
        links.insert(link.name.clone(), LinkModel { edge, target, from_source: true, single });
    }
    for (source, link) in &node.backlinks {
        let Some(target) = ids.get(source).copied() else { continue };
        let edge = names::edge_table(source, &link.label, &node.id);
        let single = link.multiplicity.one_source();
        // Only a link of a type to itself can have its own name as backref: it leads to the target.
        links.entry(link.backref.clone()).or_insert(LinkModel { edge, target, from_source: false, single });
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

/// Whether a property takes values that are not of the kind that it has in GraphQL: it has several types, or
/// it is a list whose items are not all texts.
fn is_loose(property: &Property) -> bool {
    let schema = &property.schema;
    match property.scalar {
        ScalarType::String => !takes_only(schema, &["string"]),
        ScalarType::Number | ScalarType::Integer => !takes_only(schema, &["number", "integer", "float"]),
        ScalarType::Boolean => !takes_only(schema, &["boolean"]),
        ScalarType::Array => schema.get("items").is_none_or(|items| !takes_only(items, &["string"])),
    }
}

/// Whether a schema takes values of these types only, and null. What it does not say it takes.
fn takes_only(schema: &Value, types: &[&str]) -> bool {
    let is_one = |kind: &Value| kind.as_str().is_some_and(|kind| kind == "null" || types.contains(&kind));
    let is_value = |value: &Value| match value {
        Value::Null => true,
        Value::String(_) => types.contains(&"string"),
        Value::Number(_) => types.contains(&"number"),
        Value::Bool(_) => types.contains(&"boolean"),
        Value::Array(_) | Value::Object(_) => false,
    };
    let has = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(values) = has("enum") {
        return values.iter().all(is_value);
    }
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().all(is_one),
        Some(kind) => is_one(kind),
        None => {
            let some = has("allOf").is_some_and(|all| all.iter().any(|one| takes_only(one, types)));
            let each = |key| has(key).is_some_and(|any| any.iter().all(|one| takes_only(one, types)));
            some || each("oneOf") || each("anyOf")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn loose(schema: Value) -> bool {
        let scalar = ScalarType::of(&schema);
        is_loose(&Property { name: "p".into(), scalar, items: None, schema })
    }

    #[test]
    fn a_property_of_one_type_is_not_loose() {
        for schema in [
            json!({"type": "string"}),
            json!({"type": ["string", "null"]}),
            json!({"enum": ["a", "b", null]}),
            json!({"type": "number"}),
            json!({"type": ["integer", "number"]}),
            json!({"type": "boolean"}),
            json!({"oneOf": [{"type": "string"}, {"enum": ["x"]}, {"type": "null"}]}),
            json!({"allOf": [{"type": "string"}, {"pattern": "x"}]}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": "array", "items": {"enum": ["a"]}}),
        ] {
            assert!(!loose(schema.clone()), "{schema}");
        }
    }

    #[test]
    fn a_property_of_several_types_and_a_list_of_numbers_are_loose() {
        for schema in [
            json!({"type": ["string", "number"]}),
            json!({"type": ["number", "string"]}),
            json!({"type": ["boolean", "string"]}),
            json!({"enum": ["a", 1]}),
            json!({"enum": [1, 2]}),
            json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            json!({"description": "anything"}),
            json!({"type": "array", "items": {"type": "number"}}),
            json!({"type": "array", "items": {"type": ["string", "boolean"]}}),
            json!({"type": "array"}),
        ] {
            assert!(loose(schema.clone()), "{schema}");
        }
    }
}
