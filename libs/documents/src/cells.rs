//! From the text of a cell to a value.

use dictionary::{Property, ScalarType};
use serde_json::{Number, Value};

/// Whether the cell stands for null.
pub(crate) fn is_null(cell: &str) -> bool {
    cell.is_empty() || cell == "null"
}

/// Converts a cell to the type of its property; what does not fit stays a string, for the schema to refuse.
pub(crate) fn convert(property: Option<&Property>, cell: &str) -> Value {
    if is_null(cell) {
        return Value::Null;
    }
    let text = || Value::String(cell.to_owned());
    let Some(property) = property else { return text() };
    match property.scalar {
        ScalarType::String => text(),
        ScalarType::Number => number(cell).unwrap_or_else(text),
        ScalarType::Integer => integer(cell).unwrap_or_else(text),
        ScalarType::Boolean => boolean(cell).unwrap_or_else(text),
        ScalarType::Array => {
            Value::Array(cell.split(',').map(|item| convert_item(property.items, item.trim())).collect())
        }
    }
}

fn convert_item(items: Option<ScalarType>, item: &str) -> Value {
    let text = || Value::String(item.to_owned());
    match items {
        Some(ScalarType::Integer) => truncated(item).unwrap_or_else(text),
        Some(ScalarType::Number) => float(item).unwrap_or_else(text),
        Some(ScalarType::Boolean) => {
            Value::Bool(["true", "t", "yes", "y"].contains(&item.to_ascii_lowercase().as_str()))
        }
        _ => text(),
    }
}

/// `5.0` and `1e3` become whole numbers.
fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| {
        let value = finite(text)?;
        if value.fract() == 0.0 { truncated(text) } else { Number::from_f64(value).map(Value::Number) }
    })
}

fn float(text: &str) -> Option<Value> {
    Number::from_f64(finite(text)?).map(Value::Number)
}

fn integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let small = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
    small.ok().or_else(|| float(text))
}

/// `5.9` is 5, as the original's way through a float makes it; digits that a float would lose stay.
fn truncated(text: &str) -> Option<Value> {
    if let Some(whole) = integer(text) {
        return Some(whole);
    }
    let value = finite(text)?.trunc();
    // Exact in this range; beyond it the number stays a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.abs() > EXACT {
        return Number::from_f64(value).map(Value::Number);
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and in the exact range")]
    Some(Value::from(value as i64))
}

fn finite(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which JSON cannot hold.
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_beyond_64_bits_become_floats() {
        assert_eq!(integer("12345678901234567890"), Some(json!(12_345_678_901_234_567_890_u64)));
        assert_eq!(integer("-1"), Some(json!(-1)));
        assert_eq!(integer("1.0"), None);
        assert_eq!(number("1e300"), Some(json!(1e300)));
        assert_eq!(number("nan"), None);
    }

    #[test]
    fn whole_items_of_lists_keep_their_digits() {
        assert_eq!(truncated("9007199254740993"), Some(json!(9_007_199_254_740_993_i64)));
        assert_eq!(truncated("-7.9"), Some(json!(-7)));
        assert_eq!(truncated("1e3"), Some(json!(1000)));
        assert_eq!(truncated("x"), None);
    }
}
