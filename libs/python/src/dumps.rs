//! JSON text as `json.dumps` writes it.
//!
//! Services keep JSON inside text columns and make checksums of such texts, so that their exact spelling is
//! part of the data: `, ` and `: ` between the parts, everything beyond ASCII escaped.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::repr::write_number;

/// The text of `value`, its keys in the order given.
pub fn dumps(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// `value` with the keys of all its objects in alphabetical order.
pub fn sorted(value: &Value) -> Value {
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
        Value::Number(number) => write_number(out, number),
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
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
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
                for unit in other.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_spelt_as_python_does() {
        let value = json!({"b": ["é", 1, null, true, "\u{7f}"], "a": {"x": "😀\n\"", "y": 1.5, "z": 1e16}});
        assert_eq!(
            dumps(&value),
            r#"{"b": ["\u00e9", 1, null, true, "\u007f"], "a": {"x": "\ud83d\ude00\n\"", "y": 1.5, "z": 1e+16}}"#
        );
        assert_eq!(dumps(&sorted(&json!([{"b": 1, "a": 2}]))), r#"[{"a": 2, "b": 1}]"#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            text in any::<String>(), float in any::<f64>(), integer in any::<i64>(),
        ) {
            let value = json!([text, float, integer, {text.clone(): null}]);
            prop_assert!(dumps(&value).is_ascii());
            prop_assert_eq!(serde_json::from_str::<Value>(&dumps(&value)).unwrap(), value);
        }
    }
}
