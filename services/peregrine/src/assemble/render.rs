//! Stored values as GraphQL values. Most are copied: what PostgreSQL gives is JSON already.

use serde_json::Value;

use super::json::{Commas, write_string};
use crate::ir::Render;

/// Integers of more digits are written as they are stored: Python would write them with an exponent, and a
/// double does not hold them exactly.
const EXACT_DIGITS: usize = 16;

/// Writes `stored` (JSON text) as a value of the wanted kind.
pub(crate) fn render(how: Render, stored: &str, out: &mut Vec<u8>) {
    match (how, stored.as_bytes().first()) {
        (_, None | Some(b'n')) => out.extend_from_slice(b"null"),
        (Render::Text, Some(b'"')) | (Render::Boolean, Some(b't' | b'f')) => {
            out.extend_from_slice(stored.as_bytes())
        }
        (Render::Float, Some(b'-' | b'0'..=b'9')) => number(stored, out),
        (Render::Texts, Some(b'[')) => texts(stored, out),
        // The dictionary declares a list, but the value is not one.
        (Render::Texts, _) => {
            out.push(b'[');
            render(Render::Text, stored, out);
            out.push(b']');
        }
        // The dictionary lets the property have values of several types: what is stored is shown.
        (Render::Float, Some(b't' | b'f' | b'"')) | (Render::Boolean, Some(b'"')) => {
            out.extend_from_slice(stored.as_bytes())
        }
        (Render::Boolean, Some(b'-' | b'0'..=b'9')) => number(stored, out),
        (Render::Text | Render::Float | Render::Boolean, _) => write_string(&python_text(stored), out),
    }
}

/// A number with a point, as Python writes a float.
fn number(stored: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(stored.as_bytes());
    let is_whole = stored.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if is_whole && stored.trim_start_matches('-').len() <= EXACT_DIGITS {
        out.extend_from_slice(b".0");
    }
}

/// A list whose items become strings.
fn texts(stored: &str, out: &mut Vec<u8>) {
    let Ok(Value::Array(items)) = serde_json::from_str(stored) else { return out.extend_from_slice(b"null") };
    out.push(b'[');
    let mut commas = Commas::default();
    for item in &items {
        commas.before_item(out);
        render(Render::Text, &item.to_string(), out);
    }
    out.push(b']');
}

/// What Python's `str` makes of it (and graphene of booleans).
fn python_text(stored: &str) -> String {
    match serde_json::from_str(stored) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => python::repr(&value),
        _ => stored.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(how: Render, stored: &str) -> String {
        let mut out = Vec::new();
        render(how, stored, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_written_as_their_kind() {
        assert_eq!(rendered(Render::Text, r#""a\"b ü""#), r#""a\"b ü""#);
        assert_eq!(rendered(Render::Text, "5"), r#""5""#);
        assert_eq!(rendered(Render::Text, "true"), r#""true""#);
        assert_eq!(rendered(Render::Text, r#"{"a": [1, null]}"#), r#""{'a': [1, None]}""#);
        assert_eq!(rendered(Render::Float, "70"), "70.0");
        assert_eq!(rendered(Render::Float, "-1.50"), "-1.50");
        assert_eq!(rendered(Render::Float, "123456789012345678901"), "123456789012345678901");
        assert_eq!(rendered(Render::Boolean, "false"), "false");
        assert_eq!(rendered(Render::Texts, r#"["x", 5]"#), r#"["x","5"]"#);
        assert_eq!(rendered(Render::Texts, r#""x""#), r#"["x"]"#);
        assert_eq!(rendered(Render::Float, r#""n/a""#), r#""n/a""#);
        assert_eq!(rendered(Render::Float, "true"), "true");
        assert_eq!(rendered(Render::Boolean, r#""unknown""#), r#""unknown""#);
        assert_eq!(rendered(Render::Boolean, "0"), "0.0");
        assert_eq!(rendered(Render::Float, "[1]"), r#""[1]""#);
        for how in [Render::Text, Render::Float, Render::Boolean, Render::Texts] {
            assert_eq!(rendered(how, "null"), "null");
        }
    }
}
