//! An entity of a submission: a document on its way to becoming a node.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::{Dictionary, NodeType, Violation, ViolationKind};
use indexclient::NewRecord;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value, json};

/// The `type` of an error or warning; clients that are programs read only this and `keys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ErrorType {
    InvalidType,
    InvalidValue,
    MissingProperty,
    InvalidProperty,
    InvalidLink,
    InvalidPermissions,
    NotUnique,
    NotFound,
    Error,
}

impl ErrorType {
    /// As in the answer.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidType => "INVALID_TYPE",
            Self::InvalidValue => "INVALID_VALUE",
            Self::MissingProperty => "MISSING_PROPERTY",
            Self::InvalidProperty => "INVALID_PROPERTY",
            Self::InvalidLink => "INVALID_LINK",
            Self::InvalidPermissions => "INVALID_PERMISSIONS",
            Self::NotUnique => "NOT_UNIQUE",
            Self::NotFound => "NOT_FOUND",
            Self::Error => "ERROR",
        }
    }
}

/// An error or a warning of an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub kind: ErrorType,
    pub message: String,
    pub keys: Vec<String>,
    /// More keys of the JSON form: `dependents`, `id`.
    pub more: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(kind: ErrorType, message: impl Into<String>, keys: &[&str]) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self { kind, message: message.into(), keys, more: Map::new() }
    }

    /// As in the answer.
    pub(crate) fn json(&self) -> Value {
        let mut map = self.more.clone();
        map.insert("keys".to_owned(), json!(self.keys));
        map.insert("message".to_owned(), json!(self.message));
        map.insert("type".to_owned(), json!(self.kind.as_str()));
        Value::Object(map)
    }
}

impl From<Violation> for Problem {
    fn from(violation: Violation) -> Self {
        let kind = match violation.kind {
            ViolationKind::InvalidValue => ErrorType::InvalidValue,
            ViolationKind::MissingProperty => ErrorType::MissingProperty,
            ViolationKind::Error => ErrorType::Error,
        };
        Self { kind, message: violation.message, keys: violation.keys, more: Map::new() }
    }
}

/// What becomes of an entity's node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// As in the answer and in the snapshots.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The node that an entity becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub action: Action,
    /// `_props` before, for an update.
    pub old: Option<Map<String, Value>>,
    /// `_props` after.
    pub props: Map<String, Value>,
}

impl Node {
    /// Whether the node has to be written. Numbers are compared by value, as Python does.
    pub(crate) fn is_changed(&self) -> bool {
        self.old.as_ref().is_none_or(|old| !same_maps(old, &self.props))
    }
}

/// The links of an entity under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    /// Node ids of the targets.
    pub ids: BTreeSet<String>,
    /// JSON null: existing links go.
    pub cleared: bool,
}

/// What is to be written of the links under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EdgeChange {
    /// The link's name.
    pub link: String,
    /// All edges that there are go first.
    pub clear: bool,
    /// Destinations of new edges.
    pub insert: Vec<String>,
}

/// The record that an entity brings into the file index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum NewFile {
    /// One of its own.
    Record {
        /// Number among the records of the submission.
        number: usize,
        record: NewRecord,
        /// `<project_id>/<submitter_id>`.
        alias: Option<String>,
    },
    /// The record with this number, which an earlier entity brings.
    Shared(usize),
}

/// A document with what is known about it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entity {
    /// The document; `urls` taken out.
    pub document: Value,
    /// A known node type that can be uploaded, otherwise the type's name stands in `shown_type` only.
    pub label: Option<String>,
    /// `type` in the answer.
    pub shown_type: Value,
    /// `id` in the answer while there is no node.
    pub shown_id: Value,
    /// Unique keys in the answer while there is no node.
    pub shown_keys: Vec<Value>,
    /// Locations of a file node.
    pub urls: Option<Vec<String>>,
    pub errors: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub node: Option<Node>,
    pub file: Option<NewFile>,
    /// By link name.
    pub uses: BTreeMap<String, Use>,
    pub edges: Vec<EdgeChange>,
}

impl Entity {
    /// Records an error.
    pub(crate) fn refuse(&mut self, kind: ErrorType, message: impl Into<String>, keys: &[&str]) {
        self.errors.push(Problem::new(kind, message, keys));
    }

    /// Whether there are no errors so far.
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Its node type; `None` for what cannot be uploaded.
    pub(crate) fn node_type<'d>(&self, dictionary: &'d Dictionary) -> Option<&'d NodeType> {
        dictionary.nodes.get(self.label.as_deref()?)
    }

    /// The value of a property in the document.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.document.get(key)
    }

    /// The id in the document.
    pub(crate) fn given_id(&self) -> Option<&str> {
        self.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())
    }
}

/// An entity as in the answer; written without a copy, for there may be many.
pub(crate) struct Shown<'a> {
    pub entity: &'a Entity,
    pub dictionary: &'a Dictionary,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entity, dictionary } = self;
        let problems = |problems: &[Problem]| problems.iter().map(Problem::json).collect::<Vec<_>>();
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("action", &entity.node.as_ref().map(|node| node.action.as_str()))?;
        map.serialize_entry("errors", &problems(&entity.errors))?;
        match &entity.node {
            Some(node) => map.serialize_entry("id", &node.id)?,
            None => map.serialize_entry("id", &entity.shown_id)?,
        }
        map.serialize_entry("type", &entity.shown_type)?;
        match (&entity.node, entity.node_type(dictionary)) {
            (Some(node), Some(node_type)) => {
                map.serialize_entry("unique_keys", &unique_keys(node_type, |key| node.props.get(key)))?;
            }
            _ => map.serialize_entry("unique_keys", &entity.shown_keys)?,
        }
        map.serialize_entry("valid", &entity.is_valid())?;
        map.serialize_entry("warnings", &problems(&entity.warnings))?;
        map.end()
    }
}

/// The key tuples of a type without `[id]`.
pub(crate) fn keys_of(node: &NodeType) -> impl Iterator<Item = &Vec<String>> {
    node.unique_keys.iter().filter(|key| !key.iter().any(|member| member == "id"))
}

/// The unique keys as in the answer.
pub(crate) fn unique_keys<'v>(node: &NodeType, value: impl Fn(&str) -> Option<&'v Value>) -> Vec<Value> {
    let of_tuple = |tuple: &Vec<String>| {
        let members = tuple.iter().map(|key| (key.clone(), value(key).cloned().unwrap_or(Value::Null)));
        Value::Object(members.collect())
    };
    keys_of(node).map(of_tuple).collect()
}

fn same_maps(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
}

/// Equality as Python has it: `5 == 5.0`.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || (x.is_f64() != y.is_f64() && x.as_f64() == y.as_f64())
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => same_maps(x, y),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_floats_equal_integers() {
        assert!(same(&json!({"a": [5, "x"]}), &json!({"a": [5.0, "x"]})));
        assert!(!same(&json!(5), &json!("5")));
        assert!(!same(&json!({"a": null}), &json!({})));
    }
}
