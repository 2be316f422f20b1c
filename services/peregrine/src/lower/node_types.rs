//! `_node_type`: the dictionary itself, without the database (peregrine 3.2.6).

use dictionary::{Dictionary, NodeType};
use graphql::Selected;
use serde_json::{Map, Value};

use super::{
    args::{FIRST, number, wanted_order},
    logs::keys,
};
use crate::{assemble::write_selected, ir::Direction, schema::Meaning};

/// What is selected of the node types, as JSON.
pub(super) fn known(dictionary: &Dictionary, field: &Selected<'_, Meaning>) -> Result<String, String> {
    let args = &field.args;
    let filters: Vec<(&String, &str)> = args
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "first" | "order_by_asc" | "order_by_desc"))
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .collect();
    let mut types: Vec<Map<String, Value>> = dictionary
        .nodes
        .values()
        .map(texts)
        .filter(|node| filters.iter().all(|(name, wanted)| is_part(node.get(*name), wanted)))
        .collect();
    for (key, direction) in wanted_order(args) {
        types.sort_by(|a, b| {
            let text = |node: &Map<String, Value>| {
                node.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let order = text(a).cmp(&text(b));
            match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            }
        });
    }
    let first = number(args, "first").unwrap_or(FIRST);
    if let Ok(first @ 1..) = usize::try_from(first) {
        types.truncate(first);
    }
    let types = Value::Array(types.into_iter().map(Value::Object).collect());
    let mut json = Vec::new();
    write_selected(&types, keys(field).as_deref(), &mut json);
    String::from_utf8(json).map_err(|_| "the dictionary is not text".to_owned())
}

/// Whether the node's value is a part of the wanted text, as in the original. A node without the key is not
/// found.
fn is_part(value: Option<&Value>, wanted: &str) -> bool {
    value.and_then(Value::as_str).is_some_and(|value| wanted.contains(value))
}

/// The keys of a schema as strings; what is not a string is written as Python writes it.
fn texts(node: &NodeType) -> Map<String, Value> {
    let schema = node.schema.as_object().into_iter().flatten();
    let text = |value: &Value| match value {
        Value::Null => Value::Null,
        Value::String(_) => value.clone(),
        Value::Bool(flag) => Value::from(flag.to_string()),
        other => Value::from(python::repr(other)),
    };
    schema.map(|(key, value)| (key.clone(), text(value))).collect()
}
