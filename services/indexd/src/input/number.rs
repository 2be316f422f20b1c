//! The numbers that Python's JSON has and no other: `NaN`, `Infinity` and `-Infinity`. Bodies may have them,
//! and as metadata they are stored.

use serde_json::{Value, json};

const CONSTANTS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Key of the object that stands for one of them: no text with it can be stored.
const KEY: &str = "\0";

/// JSON as Python reads it, with a mark for each of these numbers; see [`constant`].
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    serde_json::from_slice(body).ok().or_else(|| serde_json::from_slice(&marked(body)?).ok())
}

/// The number that `value` is the mark of.
pub(super) fn constant(value: &Value) -> Option<&'static str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let name = map.get(KEY)?.as_str()?;
    CONSTANTS.into_iter().find(|constant| *constant == name)
}

/// `body` with marks in the place of these numbers; `None` when it has none of them.
fn marked(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let (mut in_text, mut escaped, mut found) = (false, false, false);
    let mut rest = body;
    while let Some((&byte, after)) = rest.split_first() {
        let constant = CONSTANTS.iter().find(|constant| !in_text && rest.starts_with(constant.as_bytes()));
        if let Some(constant) = constant {
            out.extend_from_slice(json!({ KEY: constant }).to_string().as_bytes());
            rest = &rest[constant.len()..];
            found = true;
            continue;
        }
        in_text ^= byte == b'"' && !escaped;
        escaped = in_text && byte == b'\\' && !escaped;
        out.push(byte);
        rest = after;
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_python_are_read_outside_of_texts_only() {
        let value = parse(br#"{"a": NaN, "b": [-Infinity, Infinity], "c \\\"NaN": "NaN"}"#).expect("JSON");
        assert_eq!(constant(&value["a"]), Some("NaN"));
        assert_eq!(constant(&value["b"][0]), Some("-Infinity"));
        assert_eq!(constant(&value["b"][1]), Some("Infinity"));
        assert_eq!(value["c \\\"NaN"], json!("NaN"));
        assert_eq!(parse("\u{feff}[]".as_bytes()), Some(json!([])));
        for broken in ["nan", "NaNN", "\"NaN", "{NaN: 1}", ""] {
            assert_eq!(parse(broken.as_bytes()), None, "{broken}");
        }
    }
}
