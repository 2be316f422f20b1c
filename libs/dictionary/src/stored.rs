//! Checks stored records against a node schema.
//!
//! The stored properties of a record do not include `id`, `type` and links; everything else must obey the
//! schema.

use std::collections::{BTreeSet, HashMap};

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde::Serialize;
use serde_json::Value;

use crate::{LoadError, NodeType, Problem, SchemaValidator, draft4};

/// A part of the schema that a stored record breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Breach {
    /// The property, if it concerns one.
    pub property: Option<String>,
    /// The JSON Schema keyword, for example `enum`.
    pub keyword: String,
}

/// Validators of stored records, by node type.
#[derive(Debug)]
pub struct StoredValidators {
    nodes: HashMap<String, SchemaValidator>,
}

impl StoredValidators {
    /// Compiles the schemas of these node types.
    ///
    /// # Errors
    /// A schema that is not valid.
    pub fn compile<'n>(nodes: impl IntoIterator<Item = &'n NodeType>) -> Result<Self, LoadError> {
        let compiled = nodes.into_iter().map(|node| {
            let validator = SchemaValidator::compile(&schema(node)).map_err(|(path, message)| {
                let message = format!("it is not a JSON schema: {message}");
                Problem::new(&format!("{}.yaml", node.id), path, message, "Write JSON schema Draft 4.")
            });
            Ok((node.id.clone(), validator?))
        });
        let nodes = compiled.collect::<Result<_, Problem>>();
        Ok(Self { nodes: nodes.map_err(|problem| LoadError::Invalid(vec![problem]))? })
    }

    /// The parts of the schema that a record of the type `node` with these stored properties breaks. Records
    /// of unknown types break nothing.
    pub fn breaches(&self, node: &str, properties: &Value) -> BTreeSet<Breach> {
        let Some(node) = self.nodes.get(node) else { return BTreeSet::new() };
        if node.is_valid(properties) {
            return BTreeSet::new();
        }
        node.errors(properties).iter().flat_map(breaches).collect()
    }
}

fn schema(node: &NodeType) -> Value {
    let mut schema = node.nullable_schema();
    let is_stored = |name: &str| name != "id" && name != "type" && !node.is_link(name);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| is_stored(name));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name.as_str().is_some_and(is_stored));
    }
    schema
}

fn breaches(error: &ValidationError<'_>) -> Vec<Breach> {
    let path = error.instance_path().segments().next().map(|step| step.to_string());
    let keyword = error.schema_path().segments().last().map(|step| step.to_string()).unwrap_or_default();
    let keyword = draft4::written(&keyword).to_owned();
    let properties = match error.kind() {
        _ if path.is_some() => vec![path],
        Kind::Required { property } => vec![property.as_str().map(str::to_owned)],
        Kind::AdditionalProperties { unexpected } => unexpected.iter().cloned().map(Some).collect(),
        _ => vec![None],
    };
    properties.into_iter().map(|property| Breach { property, keyword: keyword.clone() }).collect()
}
