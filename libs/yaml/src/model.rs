//! The nodes of a document: what they hold, where they stand and how they were written.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use crate::error::{Error, Position};

/// A whole document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its value; null for an empty text.
    pub root: Node,
    /// Parts that have no meaning here, in the order of the text: unsupported tags, numbers that JSON lacks,
    /// keys that are not scalars. They are read as strings, the keys not at all.
    pub faults: Vec<Error>,
    /// Keys that a mapping has again, in the order of the text. The mapping keeps the last value only.
    pub repeated: Vec<RepeatedKey>,
}

/// A key that its mapping has had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedKey {
    /// The key.
    pub key: String,
    /// It and the keys and list indexes around it, as a JSON pointer (RFC 6901).
    pub path: String,
    /// Where it is repeated.
    pub position: Position,
    /// Where it stood before.
    pub before: Position,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins; for an alias, where the anchored value begins.
    pub position: Position,
    /// The value.
    pub content: Content,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping, with merged entries in it.
    Mapping(Mapping),
}

/// A single value.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// How it is written, without quotes and escapes.
    pub text: String,
    /// What YAML 1.1 takes it for.
    pub kind: Kind,
}

/// What a scalar is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number that JSON has, too.
    Number(Number),
    /// A string: the text itself.
    String,
}

/// A mapping. Its keys are scalars, and keys with the same JSON form are one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    entries: IndexMap<String, Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Scalar,
    /// Where the key stands.
    pub position: Position,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The JSON value, in which keys are strings.
    pub fn into_json(self) -> Value {
        match self.content {
            Content::Scalar(scalar) => scalar.into_json(),
            Content::List(items) => Value::Array(items.into_iter().map(Self::into_json).collect()),
            Content::Mapping(mapping) => {
                let entries = mapping.entries.into_iter();
                Value::Object(entries.map(|(key, entry)| (key, entry.value.into_json())).collect())
            }
        }
    }

    /// Whether this is a null.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(scalar) if scalar.kind == Kind::Null)
    }
}

impl Scalar {
    fn into_json(self) -> Value {
        match self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(flag),
            Kind::Number(number) => Value::Number(number),
            Kind::String => Value::String(self.text),
        }
    }

    /// The key of an object, as a dump to JSON writes it.
    pub(crate) fn json_key(&self) -> String {
        match &self.kind {
            Kind::Null => "null".to_owned(),
            Kind::Bool(flag) => flag.to_string(),
            Kind::Number(number) => number.to_string(),
            Kind::String => self.text.clone(),
        }
    }
}

impl Mapping {
    /// The entry with this key, in the key's JSON form.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Sets an entry, in the place of one with the same key, and returns that one.
    pub(crate) fn set(&mut self, entry: Entry) -> Option<Entry> {
        self.entries.insert(entry.key.json_key(), entry)
    }

    /// Sets all entries of `other`.
    pub(crate) fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }
}
