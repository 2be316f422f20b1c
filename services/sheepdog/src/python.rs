//! What messages of the original need of Python, beside [`dictionary::python`].

use serde_json::Value;

pub(crate) use dictionary::python::{repr, repr_list, repr_text, type_name};

/// `str(value)`: strings as they are.
pub(crate) fn str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// A tuple of values that are written already.
pub(crate) fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}
