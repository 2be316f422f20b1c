//! The columns of a table of documents. Pure.

use serde_json::{Map, Value};

use crate::{
    answer::write_document,
    schema::{IndexModel, Leaf, Shape, Values},
};

/// A field of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) path: String,
    pub(super) kind: Kind,
    /// Whether a document has a list in it: several values, or one of each of its nested objects.
    pub(super) is_list: bool,
}

/// What its values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Also JSON, of what is neither a value nor a plain list.
    Text,
    Boolean,
    Whole,
    Real,
}

/// The columns of fields that the index has.
pub(super) fn columns(index: &IndexModel, fields: &[String]) -> Vec<Column> {
    let column = |path: &String| {
        let field = index.find(path)?;
        let kind = match field.shape {
            Shape::Leaf(Leaf::Boolean) => Kind::Boolean,
            Shape::Leaf(Leaf::Integer | Leaf::Long) => Kind::Whole,
            Shape::Leaf(Leaf::Float) => Kind::Real,
            Shape::Leaf(Leaf::Keyword | Leaf::Shown(_)) | Shape::Nested(_) => Kind::Text,
        };
        let is_leaf = matches!(field.shape, Shape::Leaf(_));
        // Every dot is a level of nested objects.
        let levels = path.matches('.').count() + usize::from(field.values == Values::Many);
        Some(match levels {
            0 | 1 if is_leaf => Column { path: path.clone(), kind, is_list: levels == 1 },
            _ => Column { path: path.clone(), kind: Kind::Text, is_list: false },
        })
    };
    fields.iter().filter_map(column).collect()
}

/// What a document has in a field.
pub(super) enum Found<'r> {
    One(&'r Value),
    /// From a list of objects.
    Several(Vec<Value>),
}

/// What a document has at a path; `None` if it is not there.
pub(super) fn found<'r>(row: &'r Map<String, Value>, path: &str) -> Option<Found<'r>> {
    if let Some(value) = row.get(path) {
        return Some(Found::One(value));
    }
    let (first, rest) = path.split_once('.')?;
    match row.get(first)? {
        Value::Object(inner) => found(inner, rest),
        Value::Array(items) => {
            let values = items.iter().filter_map(Value::as_object).map(|item| match found(item, rest) {
                None => Value::Null,
                Some(Found::One(value)) => value.clone(),
                Some(Found::Several(values)) => Value::Array(values),
            });
            Some(Found::Several(values.collect()))
        }
        _ => None,
    }
}

/// A value as the other forms write it.
pub(super) fn plain(value: &Value) -> String {
    let mut document = Vec::new();
    write_document(&Map::from_iter([(String::new(), value.clone())]), &mut document);
    let text = String::from_utf8_lossy(&document);
    text.strip_prefix("{\"\":").and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned()
}
