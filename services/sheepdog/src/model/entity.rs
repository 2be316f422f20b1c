//! An entity of a submission: a document on its way to becoming a node.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::{Dictionary, NodeType};
use documents::same;
use indexclient::NewRecord;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value, json};

use super::problem::{ErrorType, Problem};

/// What becomes of an entity's node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// The word in the answer and in the snapshots.
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
    /// Whether the node has to be written. Numbers are compared by value, as Python does, and what is null is
    /// as if it were not there.
    pub(crate) fn is_changed(&self) -> bool {
        let Some(old) = &self.old else { return true };
        let differs = |one: &Map<String, Value>, other: &Map<String, Value>| {
            one.iter().any(|(key, value)| !same(value, other.get(key).unwrap_or(&Value::Null)))
        };
        differs(old, &self.props) || differs(&self.props, old)
    }
}

/// The links of an entity under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Use {
    /// Node ids of the targets.
    pub ids: BTreeSet<String>,
    /// Whether the value was null, so that existing links are removed.
    pub cleared: bool,
}

/// What is to be written of the links under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EdgeChange {
    /// The link's name.
    pub link: String,
    /// Whether all edges that exist are deleted first.
    pub clear: bool,
    /// Destinations of new edges.
    pub insert: Vec<String>,
}

/// The record that an entity brings into the file index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "nearly every entity with a file brings a record of its own")]
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
    /// The document without `urls`.
    pub document: Value,
    /// The node type, if it is known and can be uploaded; otherwise its name stands in `shown_type` only.
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
    /// The targets of its links, by link name.
    pub uses: BTreeMap<String, Use>,
    pub edges: Vec<EdgeChange>,
}

impl Entity {
    /// A document of which nothing is known yet.
    pub(crate) fn of(document: Value) -> Self {
        Self {
            document,
            label: None,
            shown_type: Value::Null,
            shown_id: Value::Null,
            shown_keys: Vec::new(),
            urls: None,
            errors: Vec::new(),
            warnings: Vec::new(),
            node: None,
            file: None,
            uses: BTreeMap::new(),
            edges: Vec::new(),
        }
    }

    /// A node that was stored outside of submissions.
    pub(crate) fn stored(label: &str, node: Node) -> Self {
        let mut entity = Self::of(Value::Null);
        (entity.label, entity.shown_type) = (Some(label.to_owned()), json!(label));
        Self { node: Some(node), ..entity }
    }

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

/// An entity as the answer shows it; it is written without a copy, for there may be many.
pub(crate) struct Shown<'a> {
    pub entity: &'a Entity,
    pub dictionary: &'a Dictionary,
    /// Stands in place of the messages of all errors.
    pub message: Option<&'a str>,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entity, dictionary, message } = self;
        let problems = |problems: &[Problem]| problems.iter().map(Problem::json).collect::<Vec<_>>();
        let errors = match message {
            None => problems(&entity.errors),
            Some(message) => entity.errors.iter().map(|problem| problem.json_saying(message)).collect(),
        };
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("action", &entity.node.as_ref().map(|node| node.action.as_str()))?;
        map.serialize_entry("errors", &errors)?;
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

/// The unique keys as the answer shows them.
pub(crate) fn unique_keys<'v>(node: &NodeType, value: impl Fn(&str) -> Option<&'v Value>) -> Vec<Value> {
    let of_tuple = |tuple: &Vec<String>| {
        let members = tuple.iter().map(|key| (key.clone(), value(key).cloned().unwrap_or(Value::Null)));
        Value::Object(members.collect())
    };
    node.natural_keys().map(of_tuple).collect()
}
