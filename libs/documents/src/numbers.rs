//! Numbers and truth values in cells.

use serde_json::{Number, Value};

/// A number; `5.0` and `1e3` become whole numbers.
pub(crate) fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| float(text))
}

/// A whole number; `5.0` is one, for that is how a column with gaps is written where whole numbers cannot be
/// missing. Digits that a float would lose stay.
pub(crate) fn integer(text: &str) -> Option<Value> {
    /// Beyond it a float does not tell one whole number from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let value = finite(text).filter(|value| value.fract() == 0.0 && value.abs() <= EXACT)?;
        #[expect(clippy::cast_possible_truncation, reason = "whole and in the exact range")]
        return Some(Value::from(value as i64));
    }
    let whole = whole.strip_prefix('+').unwrap_or(whole);
    let small = whole.parse::<i64>().map(Value::from).or_else(|_| whole.parse::<u64>().map(Value::from));
    small.ok().or_else(|| float(whole))
}

fn float(text: &str) -> Option<Value> {
    Number::from_f64(finite(text)?).map(Value::Number)
}

fn finite(text: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`, which JSON cannot hold.
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Whether a number is written as numbers are, and not as a code: without leading zeros or plus.
pub(crate) fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    !matches!(digits, [b'+', ..] | [b'0', b'0'..=b'9', ..])
}

/// Whether a number that stands in JSON is written like this by everybody who has read it, by Python and by
/// `serde_json`: a whole one, or one with a few places behind the point, none of which is superfluous.
pub fn is_usual(json: &str) -> bool {
    /// So many digits a float keeps, and a whole number of 64 bits.
    const DIGITS: usize = 15;
    let digits = json.strip_prefix('-').unwrap_or(json);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "1"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_short = whole.len() + places.len() <= DIGITS && are_digits(whole) && are_digits(places);
    let is_superfluous =
        (whole.len() > 1 && whole.starts_with('0')) || (places != "0" && places.ends_with('0'));
    // What is smaller gets an exponent, and nothing may be negative.
    let is_tiny = whole == "0" && (places.starts_with("000") || json.starts_with('-'));
    is_short && !is_superfluous && !is_tiny
}

/// True or false, in any case of letters.
pub(crate) fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// The same in a list, where some more words are known.
pub(crate) fn boolean_item(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" => Some(Value::Bool(true)),
        "false" | "f" | "no" | "n" => Some(Value::Bool(false)),
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
        assert_eq!(number("1e300"), Some(json!(1e300)));
        assert_eq!(number("nan"), None);
    }

    #[test]
    fn whole_numbers_may_have_a_point_and_keep_their_digits() {
        let cases = [("5.0", json!(5)), ("-7.00", json!(-7)), ("1e3", json!(1000)), ("+5", json!(5))];
        for (text, value) in cases {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        assert_eq!(integer("9007199254740993.0"), Some(json!(9_007_199_254_740_993_i64)));
        for text in ["5.5", "x", "", "1e300", "inf", "5.0.0", "5,0"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn codes_are_told_from_numbers() {
        assert!(["0", "0.5", "-1", "10"].into_iter().all(is_plain));
        assert!(["007", "+1", "-01"].into_iter().all(|text| !is_plain(text)));
    }
}
