//! JSON text as Python's `json.dumps` writes it.
//!
//! Bundles keep JSON inside text columns, and the checksum of a bundle of bundles is made of such texts, so
//! their exact spelling is part of the data: `, ` and `: ` between the parts, everything beyond ASCII escaped.

use serde_json::{Map, Value};

/// The text of `value`, its keys in the order given.
pub(crate) fn dumps(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// `value` with the keys of all its objects in alphabetical order.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (position, (key, item)) in map.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { ", " });
                write_text(key, out);
                out.push_str(": ");
                write(item, out);
            }
            out.push('}');
        }
        simple => out.push_str(&simple.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut units = [0; 2];
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                other.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")))
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_spelt_as_python_does() {
        let value = json!({"b": ["é", 1, null, true], "a": {"x": "😀\n\"", "y": 1.5}});
        assert_eq!(
            dumps(&value),
            r#"{"b": ["\u00e9", 1, null, true], "a": {"x": "\ud83d\ude00\n\"", "y": 1.5}}"#
        );
        assert_eq!(dumps(&sorted(&json!([{"b": 1, "a": 2}]))), r#"[{"a": 2, "b": 1}]"#);
    }
}
