//! The model of a PFB: node types with their properties and links, made of a dictionary.

use std::collections::HashSet;

use apache_avro::Schema;
use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use crate::{error::ModelError, types::Field};

/// Names of types that every PFB has.
const RESERVED: [&str; 7] = ["Entity", "Metadata", "Node", "Link", "Property", "Multiplicity", "Relation"];

/// A link that a node type declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLink {
    /// Its name.
    pub name: String,
    /// The node type that it leads to.
    pub target: String,
    /// `MANY_TO_ONE` and the like.
    pub multiplicity: String,
}

/// A node type.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeModel {
    /// Its name.
    pub name: String,
    /// Its properties.
    pub fields: Vec<Field>,
    /// Its links.
    pub links: Vec<NodeLink>,
    /// What the dictionary says of its meaning.
    term: Map<String, Value>,
    /// The same of its properties.
    terms: Vec<(String, Map<String, Value>)>,
}

/// The model of a PFB.
#[derive(Debug)]
pub struct Model {
    /// Node types, in the order of the dictionary.
    pub nodes: Vec<NodeModel>,
    pub(crate) schema: Schema,
}

impl Model {
    /// The model of a dictionary, without node types that are internal to a commons.
    ///
    /// # Errors
    /// When a name cannot be one in Avro.
    pub fn of(dictionary: &Dictionary) -> Result<Self, ModelError> {
        let nodes = dictionary.nodes.values().filter(|node| !node.category.is_internal());
        let mut taken: HashSet<String> = RESERVED.map(str::to_owned).into();
        taken.extend(dictionary.nodes.keys().cloned());
        let nodes = nodes.map(|node| NodeModel::of(node, &mut taken)).collect::<Result<Vec<_>, _>>()?;
        let avro = entity(&nodes);
        let schema =
            Schema::parse_str(&avro.to_string()).map_err(|error| ModelError::Schema(error.to_string()))?;
        Ok(Self { nodes, schema })
    }

    /// The position of a node type.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }
}

impl NodeModel {
    fn of(node: &NodeType, taken: &mut HashSet<String>) -> Result<Self, ModelError> {
        named(&node.id)?;
        let properties = node.stored_properties();
        let mut fields = Vec::new();
        let mut terms = Vec::new();
        for property in properties {
            named(&property.name)?;
            fields.push(Field::of(&node.id, property, taken));
            let term = term(&property.schema);
            if !term.is_empty() {
                terms.push((property.name.clone(), term));
            }
        }
        let link = |link: &dictionary::Link| NodeLink {
            name: link.name.clone(),
            target: link.target_type.clone(),
            multiplicity: link.multiplicity.as_str().to_uppercase(),
        };
        let links = node.all_links().into_iter().map(link).collect();
        Ok(Self { name: node.id.clone(), fields, links, term: term(&node.schema), terms })
    }

    fn avro(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(Field::avro).collect();
        json!({ "type": "record", "name": self.name, "fields": fields })
    }

    /// What the first record of a file says of it.
    pub(crate) fn metadata(&self) -> Value {
        let link = |link: &NodeLink| {
            json!({
                "multiplicity": link.multiplicity,
                "dst": link.target,
                "name": link.name,
            })
        };
        let property = |(name, term): &(String, Map<String, Value>)| {
            let mut values = term.clone();
            let reference = values.remove("term").unwrap_or(json!(""));
            json!({ "name": name, "ontology_reference": reference, "values": values })
        };
        json!({
            "name": self.name,
            "ontology_reference": "",
            "values": self.term,
            "links": self.links.iter().map(link).collect::<Vec<_>>(),
            "properties": self.terms.iter().map(property).collect::<Vec<_>>(),
        })
    }
}

fn named(name: &str) -> Result<(), ModelError> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain || name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(ModelError::Name(name.to_owned()));
    }
    Ok(())
}

/// `term.termDef`, whose values are texts.
fn term(schema: &Value) -> Map<String, Value> {
    let definition = schema.get("term").and_then(|term| term.get("termDef"));
    let definition = match definition {
        Some(Value::Array(several)) => several.first(),
        one => one,
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let members = definition.and_then(Value::as_object).into_iter().flatten();
    members
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), json!(text(value))))
        .collect()
}

/// The schema of the whole file.
fn entity(nodes: &[NodeModel]) -> Value {
    let text_map = json!({ "type": "map", "values": "string" });
    let multiplicity = json!({
        "type": "enum",
        "name": "Multiplicity",
        "symbols": ["ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"],
    });
    let field = |name: &str, kind: &Value| json!({ "name": name, "type": kind });
    let text = json!("string");
    let list = |items: Value| json!({ "type": "array", "items": items });
    let record = |name: &str, fields: Vec<Value>| json!({ "type": "record", "name": name, "fields": fields });
    let link =
        record("Link", vec![field("multiplicity", &multiplicity), field("dst", &text), field("name", &text)]);
    let common = vec![field("name", &text), field("ontology_reference", &text), field("values", &text_map)];
    let property = record("Property", common.clone());
    let mut node = common;
    node.extend([field("links", &list(link)), field("properties", &list(property))]);
    let node = record("Node", node);
    let metadata = record("Metadata", vec![field("nodes", &list(node)), field("misc", &text_map)]);
    let objects: Vec<Value> = std::iter::once(metadata).chain(nodes.iter().map(NodeModel::avro)).collect();
    let relation = record("Relation", vec![field("dst_id", &text), field("dst_name", &text)]);
    record(
        "Entity",
        vec![
            json!({ "name": "id", "type": ["null", "string"], "default": null }),
            field("name", &text),
            json!({ "name": "object", "type": objects }),
            json!({ "name": "relations", "type": list(relation), "default": [] }),
        ],
    )
}
