//! YAML as PyYAML's `safe_load` reads it, which is what the dictionaries were written for.
//!
//! That is YAML 1.1: bare `Yes`, `no`, `On`, `off` are booleans, `010` is octal, `1:30` is sexagesimal, `1e3` is
//! text, the last of two equal keys wins and `<<` merges. Dates, which have no JSON form, stay text.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Number, Value};

/// Values that one document may have, aliases counted as often as they are used.
pub(crate) const MAX_VALUES: usize = 2_000_000;
/// Long texts count as so many bytes a value: an alias copies its text, too.
const BYTES_A_VALUE: usize = 256;
const MAX_DEPTH: usize = 100;

/// Why a text is no YAML document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Reads one YAML document as a JSON value. An empty text is `null`.
///
/// # Errors
/// Broken YAML, several documents, a tag that is not of YAML's core, a key that is a list or a mapping, a number that JSON
/// lacks (`.nan`, `.inf`), more than two million values or a hundred levels.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    let mut budget = MAX_VALUES;
    parse_within(text, &mut budget)
}

/// As [`parse`] for one of several documents that share a number of values; what was used is taken off `budget`.
pub(crate) fn parse_within(text: &str, budget: &mut usize) -> Result<Value, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), budget: *budget };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => {
                *budget = reader.budget;
                return Ok(document.unwrap_or(Value::Null));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if document.is_some() => return Err(error(span, "a second document begins")),
            event => document = Some(reader.value(event, span, 0)?),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, (Value, usize)>,
    budget: usize,
}

fn error(span: Span, message: impl Into<String>) -> YamlError {
    YamlError { line: span.start.line(), column: span.start.col() + 1, message: message.into() }
}

fn scan_error(problem: ScanError) -> YamlError {
    let marker = problem.marker();
    YamlError { line: marker.line(), column: marker.col() + 1, message: problem.info().to_owned() }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(event) => event.map_err(scan_error),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn spend(&mut self, values: usize, span: Span) -> Result<(), YamlError> {
        match self.budget.checked_sub(values) {
            Some(rest) => self.budget = rest,
            None => return Err(error(span, format!("more than {MAX_VALUES} values"))),
        }
        Ok(())
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Value, YamlError> {
        if depth > MAX_DEPTH {
            return Err(error(span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let before = self.budget;
        self.spend(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(text.len() / BYTES_A_VALUE, span)?;
                (scalar(&text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.sequence(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(anchor) => {
                let nowhere = || error(span, "an alias without its anchor");
                let size = self.anchors.get(&anchor).ok_or_else(nowhere)?.1;
                self.spend(size, span)?;
                return self.anchors.get(&anchor).map(|(value, _)| value.clone()).ok_or_else(nowhere);
            }
            _ => return Err(error(span, "a value is missing")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.budget));
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, span) => items.push(self.value(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, YamlError> {
        let mut merged = Map::new();
        let mut own = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                merged.extend(own);
                return Ok(Value::Object(merged));
            }
            let merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.value(event, span, depth + 1)?;
            let (event, value_span) = self.next()?;
            let value = self.value(event, value_span, depth + 1)?;
            match merge {
                true => merge_into(&mut merged, value, value_span)?,
                false => own.push((key_text(key, span)?, value)),
            }
        }
    }
}

/// `<<`: the mapping, or each of a list of mappings (the first one wins), under the mapping's own keys.
fn merge_into(merged: &mut Map<String, Value>, value: Value, span: Span) -> Result<(), YamlError> {
    let sources = match value {
        Value::Array(sources) => sources,
        source => vec![source],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return Err(error(span, "only mappings can be merged with <<"));
        };
        merged.extend(source);
    }
    Ok(())
}

/// The key as the dump to JSON would write it.
fn key_text(key: Value, span: Span) -> Result<String, YamlError> {
    match key {
        Value::String(text) => Ok(text),
        Value::Array(_) | Value::Object(_) => Err(error(span, "a list or a mapping cannot be a key")),
        other => Ok(other.to_string()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, YamlError> {
    match tag {
        None if style == ScalarStyle::Plain => plain(text, span),
        None => Ok(Value::from(text)),
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Ok(Value::from(text)),
        Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
            "str" | "timestamp" => Ok(Value::from(text)),
            "null" => Ok(Value::Null),
            "bool" | "int" => plain(text, span),
            "float" => plain(text, span).map(|value| value.as_f64().map_or(value, Value::from)),
            other => Err(error(span, format!("the tag !!{other} is not supported"))),
        },
        Some(tag) => Err(error(span, format!("the tag {tag} is not supported"))),
    }
}

/// YAML 1.1's reading of an unquoted scalar.
fn plain(text: &str, span: Span) -> Result<Value, YamlError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Value::Bool(false));
        }
        _ => {}
    }
    let starts_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !starts_number {
        return Ok(Value::from(text));
    }
    if INTEGER.is_match(text) {
        return Ok(integer(text));
    }
    if !FLOAT.is_match(text) {
        return Ok(Value::from(text));
    }
    let number = float(text).and_then(Number::from_f64);
    number.map(Value::Number).ok_or_else(|| error(span, format!("JSON has no number {text}; quote it")))
}

static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$")
        .expect("invariant: a constant pattern")
});

static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")
        .expect("invariant: a constant pattern")
});

fn integer(text: &str) -> Value {
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
        Some((_, Ok(magnitude))) if negative => Value::from(-magnitude),
        Some((magnitude, _)) if !negative => Value::from(magnitude),
        _ => plain.parse::<f64>().map_or_else(|_| Value::from(text), Value::from),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        parse(text).expect(text)
    }

    #[test]
    fn bare_words_are_booleans_and_quoted_ones_are_text() {
        let text = "[Yes, no, On, OFF, True, y, 'Yes', \"no\", yEs, !!str no]";
        assert_eq!(read(text), json!([true, false, true, false, true, "y", "Yes", "no", "yEs", "no"]));
    }

    #[test]
    fn numbers_are_those_of_yaml_1_1() {
        let text = "[1, -2, +3, 010, 08, 0x1F, 0b101, 1_000, 1:30, 2.0, .5, 1e3, 1.0e+3, 1.5e3, 1.2.3, 1:30.5, -0.0]";
        let value = json!([
            1, -2, 3, 8, "08", 31, 5, 1000, 90, 2.0, 0.5, "1e3", 1000.0, "1.5e3", "1.2.3", 90.5, -0.0
        ]);
        assert_eq!(read(text), value);
    }

    #[test]
    fn nothing_is_null_and_dates_stay_text() {
        let text = "a:\nb: ~\nc: null\nd: ''\ne: 2020-01-31\nf: 2020-01-31T10:00:00Z";
        let value =
            json!({"a": null, "b": null, "c": null, "d": "", "e": "2020-01-31", "f": "2020-01-31T10:00:00Z"});
        assert_eq!(read(text), value);
        assert_eq!(read("# only a comment\n"), Value::Null);
    }

    #[test]
    fn the_last_of_two_equal_keys_wins_in_the_place_of_the_first() {
        assert_eq!(read("a: 1\nb: 2\na: 3").to_string(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn keys_become_text() {
        assert_eq!(
            read("1: a\nYes: b\n2.0: c\n~: d"),
            json!({"1": "a", "true": "b", "2.0": "c", "null": "d"})
        );
    }

    #[test]
    fn anchors_aliases_and_merges_are_followed() {
        let text = "base: &b {x: 1, y: 2}\nmine:\n  y: 3\n  <<: *b\nsame: *b\nboth: {<<: [{x: 5}, *b]}";
        let value = json!({
            "base": {"x": 1, "y": 2}, "mine": {"x": 1, "y": 3}, "same": {"x": 1, "y": 2},
            "both": {"x": 5, "y": 2}
        });
        assert_eq!(read(text), value);
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_place() {
        let problem = parse("a: 1\nb: [1, 2\nc: 3").expect_err("an open list");
        assert!(problem.line >= 2, "{problem}");
        assert!(parse("a: 1\n---\nb: 2").is_err());
        assert!(parse("a: !custom x").is_err());
        assert!(parse("a: .nan").is_err());
        assert!(parse("? [1]\n: 2").is_err());
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let item = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![item; 10].join(", "));
        }
        assert!(parse(&text).expect_err("too much").message.contains("values"));
    }

    #[test]
    fn an_alias_of_a_long_text_counts_as_long() {
        let long = "x".repeat(1 << 20);
        let text = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 1000].join(", "));
        assert!(parse(&text).expect_err("too much").message.contains("values"));
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        for open in ["[", "{a: ", "- "] {
            let error = parse(&open.repeat(100_000)).expect_err("too deep");
            let deep = error.message.contains("levels") || error.message.contains("recursion limit");
            assert!(deep, "{open}: {error}");
        }
    }
}
