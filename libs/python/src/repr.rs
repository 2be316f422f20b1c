//! Values as `repr` and `str` write them.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A value as Python's `repr` writes it: `None`, `True`, single quotes, `5.0`, `1e+16`.
pub fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// A string as Python's `repr` writes it: in single quotes, in double quotes where it has single ones only.
pub fn repr_text(text: &str) -> String {
    let mut out = String::new();
    write_text(&mut out, text);
    out
}

/// `repr` of a list of strings.
pub fn repr_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(repr_text).collect();
    format!("[{}]", items.join(", "))
}

/// `str(value)`: strings as they are, everything else as [`repr`] writes it.
pub fn str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// A tuple of values that are written already.
pub fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}

/// `type(value).__name__`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                separate(out, i);
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (i, (key, item)) in object.iter().enumerate() {
                separate(out, i);
                write_text(out, key);
                out.push_str(": ");
                write_value(out, item);
            }
            out.push('}');
        }
    }
}

fn separate(out: &mut String, position: usize) {
    if position > 0 {
        out.push_str(", ");
    }
}

pub(crate) fn write_number(out: &mut String, number: &Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() => write_float(out, float),
        _ => out.push_str(&number.to_string()),
    }
}

/// Shortest digits that read back the same; exponents from 1e16 and below 1e-4, with two digits at least.
fn write_float(out: &mut String, float: f64) {
    let magnitude = float.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
        return;
    }
    let _ = write!(out, "{float:?}");
}

fn write_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => write_escape(out, c as u32),
        }
    }
    out.push(quote);
}

fn write_escape(out: &mut String, code: u32) {
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Python escapes controls, format characters, separators other than the blank, and private use.
fn is_printable(c: char) -> bool {
    let format = matches!(c as u32,
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x8e2 | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0x110bd | 0xe0001 | 0xe0020..=0xe007f);
    let private = matches!(c as u32, 0xe000..=0xf8ff | 0xf0000..=0x10ffff);
    let separator = c != ' ' && c.is_whitespace();
    !(c.is_control() || format || private || separator)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn literals_are_written_as_python_writes_them() {
        let value = json!({"a": [null, true, false, 1, -2, "x"], "b": {}, "c": []});
        assert_eq!(repr(&value), "{'a': [None, True, False, 1, -2, 'x'], 'b': {}, 'c': []}");
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let cases = [
            (5.0, "5.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e22, "1.25e+22"),
            (1e100, "1e+100"),
            (123_456_789.123, "123456789.123"),
        ];
        for (float, text) in cases {
            assert_eq!(repr(&json!(float)), text);
        }
    }

    #[test]
    fn a_tuple_of_one_has_a_comma_and_a_string_is_itself() {
        assert_eq!(tuple(&[repr_text("a")]), "('a',)");
        assert_eq!(tuple(&[repr_text("a"), repr(&json!(1))]), "('a', 1)");
        assert_eq!((str(&json!("a")), str(&json!(["a"]))), ("a".to_owned(), "['a']".to_owned()));
        assert_eq!(repr_list(["a", "b"]), "['a', 'b']");
    }

    #[test]
    fn quotes_and_escapes_are_those_of_python() {
        assert_eq!(repr_text("it's"), "\"it's\"");
        assert_eq!(repr_text("it's \"so\""), "'it\\'s \"so\"'");
        assert_eq!(
            repr_text("a\\b\n\t\u{1}\u{ad}é€\u{2028}😀\u{a0}"),
            "'a\\\\b\\n\\t\\x01\\xadé€\\u2028😀\\xa0'"
        );
    }
}
