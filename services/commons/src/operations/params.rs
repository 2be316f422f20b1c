//! Parameters of operations. Pure.

use serde_json::{Map, Value};

/// Whether parameters have no other names than these.
///
/// # Errors
/// With the first that is another.
pub(super) fn only(params: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    match params.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) if names.is_empty() => Err(format!("{other:?} is none; there are no parameters")),
        Some(other) => Err(format!("{other:?} is none; there are {}", names.join(", "))),
    }
}

/// A parameter that is `true` or `false`, and `false` if it is not said.
///
/// # Errors
/// For another value.
pub(super) fn flag(params: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match params.get(name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| format!("{name}: it is true or false")),
    }
}
