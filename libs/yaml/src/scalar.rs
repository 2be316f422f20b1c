//! What YAML 1.1 takes a scalar for.

use std::sync::LazyLock;

use regex::Regex;
use saphyr_parser::{ScalarStyle, Tag};
use serde_json::Number;

use crate::model::Kind;

/// The boolean that YAML 1.1 means by an unquoted word.
pub fn boolean(word: &str) -> Option<bool> {
    match word {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// The kind of a scalar; why there is none, if the tag or the number is unsupported.
pub(crate) fn kind(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Kind, String> {
    match tag {
        None if style == ScalarStyle::Plain => plain(text),
        None => Ok(Kind::String),
        Some(tag) if is_plain_mark(tag) => Ok(Kind::String),
        Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
            "str" | "timestamp" => Ok(Kind::String),
            "null" => Ok(Kind::Null),
            "bool" | "int" => plain(text),
            "float" => plain(text).map(as_float),
            other => Err(format!("the tag !!{other} is not supported")),
        },
        Some(tag) => Err(format!("the tag {tag} is not supported")),
    }
}

/// `!`, which only says that a scalar is a string.
pub(crate) fn is_plain_mark(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

/// Whether this is the tag `!!name` of YAML's core.
pub(crate) fn is_core(tag: &Tag, name: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == name
}

fn as_float(kind: Kind) -> Kind {
    let float = match &kind {
        Kind::Number(number) => number.as_f64().and_then(Number::from_f64),
        _ => None,
    };
    float.map_or(kind, Kind::Number)
}

fn plain(text: &str) -> Result<Kind, String> {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Ok(Kind::Null);
    }
    if let Some(flag) = boolean(text) {
        return Ok(Kind::Bool(flag));
    }
    let starts_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !starts_number {
        return Ok(Kind::String);
    }
    if INTEGER.is_match(text) {
        return Ok(integer(text).map_or(Kind::String, Kind::Number));
    }
    if !FLOAT.is_match(text) {
        return Ok(Kind::String);
    }
    let number = float(text).and_then(Number::from_f64);
    number.map(Kind::Number).ok_or_else(|| format!("JSON has no number {text}; quote it"))
}

static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)^(?:
        [-+]?0b[0-1_]+
        | [-+]?0[0-7_]+
        | [-+]?(?:0|[1-9][0-9_]*)
        | [-+]?0x[0-9a-fA-F_]+
        | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
    )$";
    Regex::new(pattern).expect("invariant: a constant pattern")
});

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)^(?:
        [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
        | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
        | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
        | [-+]?\.(?:inf|Inf|INF)
        | \.(?:nan|NaN|NAN)
    )$";
    Regex::new(pattern).expect("invariant: a constant pattern")
});

fn integer(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (negative, digits) = sign(&plain);
    let magnitude = match digits {
        "0" => Some(0),
        _ if digits.contains(':') => sexagesimal(digits).map(|seconds| seconds as u64),
        _ if digits.starts_with("0b") => u64::from_str_radix(&digits[2..], 2).ok(),
        _ if digits.starts_with("0x") => u64::from_str_radix(&digits[2..], 16).ok(),
        _ if digits.starts_with('0') => u64::from_str_radix(digits, 8).ok(),
        _ => digits.parse().ok(),
    };
    match magnitude.map(|magnitude| (magnitude, i64::try_from(magnitude))) {
        Some((_, Ok(magnitude))) if negative => Some(Number::from(-magnitude)),
        Some((magnitude, _)) if !negative => Some(Number::from(magnitude)),
        _ => plain.parse().ok().and_then(Number::from_f64),
    }
}

fn float(text: &str) -> Option<f64> {
    let plain = text.replace('_', "");
    let (negative, digits) = sign(&plain);
    let magnitude = if digits.contains(':') { sexagesimal(digits)? } else { digits.parse().ok()? };
    Some(if negative { -magnitude } else { magnitude })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `1:30:00` in base 60.
fn sexagesimal(text: &str) -> Option<f64> {
    text.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}
