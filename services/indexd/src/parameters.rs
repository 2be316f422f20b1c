//! Values of query parameters.

use std::num::{IntErrorKind, ParseIntError};

use serde::de::DeserializeOwned;
use serde_json::Value;
use web::Params;

use crate::Error;

/// A whole number as Python's `int` reads it: spaces around it and a sign are fine.
pub(crate) fn integer(params: &Params, name: &str) -> Result<Option<i64>, Error> {
    let parse = |text: &str| {
        text.trim().parse().map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                Error::bad(format!("{name} must fit into 64 bits"))
            }
            _ => Error::bad(format!("{name} must be an integer")),
        })
    };
    params.get(name).map(parse).transpose()
}

/// The parameter as it is; absent when it is empty.
pub(crate) fn non_empty<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|text| !text.is_empty())
}

/// A comma separated list.
pub(crate) fn list(params: &Params, name: &str) -> Option<Vec<String>> {
    params.get(name).map(|text| text.split(',').map(str::to_owned).collect())
}

/// JSON. What Python finds empty counts as absent, except for an empty object.
pub(crate) fn json<T: DeserializeOwned>(params: &Params, name: &str) -> Result<Option<T>, Error> {
    let Some(text) = non_empty(params, name) else { return Ok(None) };
    let value: Value =
        serde_json::from_str(text).map_err(|_| Error::bad(format!("{name} must be a valid json string")))?;
    if is_empty(&value) {
        return Ok(None);
    }
    serde_json::from_value(value).map(Some).map_err(|error| Error::bad(format!("{name}: {error}")))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Object(_) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
    }
}

/// Refuses parameters that are not `allowed`.
pub(crate) fn only(params: &Params, allowed: &[&str]) -> Result<(), Error> {
    let unexpected: Vec<String> = params
        .iter()
        .filter(|(name, _)| !allowed.contains(name))
        .map(|(name, _)| format!("'{name}'"))
        .collect();
    if unexpected.is_empty() {
        return Ok(());
    }
    Err(Error::bad(format!("Unexpected query parameter(s) [{}]", unexpected.join(", "))))
}
