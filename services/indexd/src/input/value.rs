//! Metadata values, which the multi-table layout keeps as text.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::number;
use crate::Error;

/// Keys with strings as values (or null).
pub(crate) type FlatMetadata = IndexMap<String, Option<String>>;

/// Metadata of a record or url as it is stored: numbers and booleans become text, a list becomes the text of
/// a database array, as it always did. Objects cannot be stored.
pub(super) fn flatten(name: &str, map: &Map<String, Value>) -> Result<FlatMetadata, Error> {
    map.iter().map(|(key, value)| Ok((key.clone(), stored(&format!("{name}.{key}"), value)?))).collect()
}

fn stored(name: &str, value: &Value) -> Result<Option<String>, Error> {
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| element(name, item)).collect::<Result<_, _>>()?;
            Some(format!("{{{}}}", items.join(",")))
        }
        Value::Object(_) if number::constant(value).is_some() => number::constant(value).map(str::to_owned),
        Value::Object(_) => return Err(Error::bad(format!("'{name}' is an object, which cannot be stored"))),
    })
}

/// An element of an array literal; quoted where PostgreSQL's own output would quote it.
fn element(name: &str, value: &Value) -> Result<String, Error> {
    let Some(text) = stored(name, value)? else { return Ok("NULL".into()) };
    let plain = !text.is_empty()
        && !text.eq_ignore_ascii_case("null")
        && !text.contains(|c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace());
    if plain || value.is_array() {
        return Ok(text);
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_text_as_in_the_original() {
        let map = json!({"n": 1, "f": 1.5, "t": true, "s": "x", "null": null, "l": ["a", "b c", 1, null]});
        let flat = flatten("metadata", map.as_object().expect("an object")).expect("storable");
        let expected: [(&str, Option<&str>); 6] = [
            ("n", Some("1")),
            ("f", Some("1.5")),
            ("t", Some("true")),
            ("s", Some("x")),
            ("null", None),
            ("l", Some(r#"{a,"b c",1,NULL}"#)),
        ];
        assert_eq!(flat, expected.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).into());
    }

    #[test]
    fn an_object_is_refused() {
        let map = json!({"a": {"b": 1}});
        assert!(flatten("metadata", map.as_object().expect("an object")).is_err());
    }
}
