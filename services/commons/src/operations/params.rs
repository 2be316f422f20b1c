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

/// A parameter that is a whole number from 1 to `most`.
///
/// # Errors
/// For another value; `what` says what it counts.
pub(super) fn number(
    params: &Map<String, Value>,
    name: &str,
    what: &str,
    most: u32,
) -> Result<Option<u32>, String> {
    let Some(value) = params.get(name) else { return Ok(None) };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    match number.filter(|number| (1..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("{name}: it is a number of {what} from 1 to {most}")),
    }
}

/// A parameter that is a text of at most `most` bytes, and not empty.
///
/// # Errors
/// For another value.
pub(super) fn text<'p>(
    params: &'p Map<String, Value>,
    name: &str,
    most: usize,
) -> Result<Option<&'p str>, String> {
    let Some(value) = params.get(name) else { return Ok(None) };
    match value.as_str().filter(|text| (1..=most).contains(&text.len())) {
        Some(text) => Ok(Some(text)),
        None => Err(format!("{name}: it is a text of 1 to {most} bytes")),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn values_are_what_they_should_be_or_it_is_said_what_that_is() {
        let of = |value: Value| number(&params(json!({ "rate": value })), "rate", "MiB a second", 9);
        assert_eq!((of(json!(1)), of(json!(9))), (Ok(Some(1)), Ok(Some(9))));
        assert_eq!(number(&Map::new(), "rate", "MiB a second", 9), Ok(None));
        for wrong in [json!(0), json!(10), json!(-1), json!(1.5), json!("1"), json!(null), json!(1_u64 << 40)]
        {
            assert_eq!(of(wrong).unwrap_err(), "rate: it is a number of MiB a second from 1 to 9");
        }
        let of =
            |value: Value| text(&params(json!({ "name": value })), "name", 3).map(|found| found.is_some());
        assert_eq!(of(json!("abc")), Ok(true));
        for wrong in [json!(""), json!("abcd"), json!(1), json!(null), json!([])] {
            assert_eq!(of(wrong).unwrap_err(), "name: it is a text of 1 to 3 bytes");
        }
    }
}
