//! JSON Schema Draft 4 as node schemas use it.
//!
//! Dictionaries carry much that is not JSON Schema (`term`, `enumDef`, `links`, ...), keywords of other
//! drafts and invalid values. Only the valid keywords of Draft 4 are kept here, at the same paths.

use std::sync::Arc;

use fancy_regex::Regex;
use jsonschema::{Draft, Keyword, ValidationError, Validator, paths::Location};
use serde_json::{Map, Value, json};

use crate::patterns::Patterns;

/// What `pattern` is called in compiled schemas, because JSON Schema's own keyword reads patterns as
/// ECMAScript does.
const PATTERN: &str = "pattern of Python";

/// The schema, reduced to its Draft 4 keywords.
pub(crate) fn keywords_only(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return json!({}) };
    let kept = object.iter().filter_map(|(key, value)| Some((key.clone(), keyword(key, value)?)));
    Value::Object(kept.collect())
}

fn keyword(key: &str, value: &Value) -> Option<Value> {
    match key {
        "type" => types(value),
        "enum" | "required" => distinct(value),
        "pattern" | "format" => value.is_string().then(|| value.clone()),
        "minimum" | "maximum" | "multipleOf" => value.is_number().then(|| value.clone()),
        "exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems" => value.is_boolean().then(|| value.clone()),
        "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
            value.is_u64().then(|| value.clone())
        }
        "properties" | "patternProperties" => value.as_object().map(each),
        "additionalProperties" | "additionalItems" if value.is_boolean() => Some(value.clone()),
        "additionalProperties" | "additionalItems" | "not" => Some(keywords_only(value)),
        "items" if value.is_array() => list(value),
        "items" => Some(keywords_only(value)),
        "anyOf" | "oneOf" | "allOf" => list(value),
        "dependencies" => value.as_object().map(dependencies),
        _ => None,
    }
}

/// Gen3's word `float` becomes JSON Schema's `number`.
fn types(value: &Value) -> Option<Value> {
    let word = |value: &Value| match value.as_str() {
        Some("float") => json!("number"),
        _ => value.clone(),
    };
    match value {
        Value::String(_) => Some(word(value)),
        Value::Array(words) => distinct(&words.iter().map(word).collect()),
        _ => None,
    }
}

/// Drops repetitions and empty lists, which Draft 4 forbids here and dictionaries in use have.
fn distinct(value: &Value) -> Option<Value> {
    let mut seen: Vec<Value> = Vec::new();
    for item in value.as_array()? {
        if !seen.contains(item) {
            seen.push(item.clone());
        }
    }
    (!seen.is_empty()).then_some(Value::Array(seen))
}

fn each(schemas: &Map<String, Value>) -> Value {
    Value::Object(schemas.iter().map(|(name, schema)| (name.clone(), keywords_only(schema))).collect())
}

fn list(schemas: &Value) -> Option<Value> {
    let schemas: Vec<Value> = schemas.as_array()?.iter().map(keywords_only).collect();
    (!schemas.is_empty()).then_some(Value::Array(schemas))
}

fn dependencies(all: &Map<String, Value>) -> Value {
    let one = |value: &Value| if value.is_array() { distinct(value) } else { Some(keywords_only(value)) };
    Value::Object(all.iter().filter_map(|(name, value)| Some((name.clone(), one(value)?))).collect())
}

/// Compiles a Draft 4 validator that checks the same formats and patterns as the original services. It reads
/// nothing but its schema. A pattern that is none refuses every text.
pub(crate) fn compile(schema: &Value, known: &Arc<Patterns>) -> Result<Validator, ValidationError<'static>> {
    let known = Arc::clone(known);
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .should_validate_formats(true)
        .with_format("date-time", is_date_time)
        .with_format("email", |text: &str| text.contains('@'))
        .with_format("hostname", |_: &str| true)
        .with_format("uri", |_: &str| true)
        .with_keyword(PATTERN, move |_: &Map<String, Value>, pattern: &Value, _: Location| {
            let regex = pattern.as_str().and_then(|pattern| known.get(pattern));
            Ok(Box::new(Pattern(regex)) as Box<dyn for<'i> Keyword<'i>>)
        })
        .build(&renamed(schema))
}

/// The name in the schema of a keyword of a compiled one.
pub(crate) fn written(keyword: &str) -> &str {
    if keyword == PATTERN { "pattern" } else { keyword }
}

/// The schema with the name that compiled ones have for `pattern`, at the same place among its neighbours.
fn renamed(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let each = |value: &Value| match value {
        Value::Object(schemas) => {
            schemas.iter().map(|(name, schema)| (name.clone(), renamed(schema))).collect()
        }
        other => other.clone(),
    };
    let rename = |(key, value): (&String, &Value)| match key.as_str() {
        "pattern" => (PATTERN.to_owned(), value.clone()),
        "properties" | "patternProperties" | "dependencies" => (key.clone(), each(value)),
        "items" | "anyOf" | "oneOf" | "allOf" if value.is_array() => {
            (key.clone(), value.as_array().into_iter().flatten().map(renamed).collect())
        }
        "items" | "additionalProperties" | "additionalItems" | "not" => (key.clone(), renamed(value)),
        _ => (key.clone(), value.clone()),
    };
    Value::Object(object.iter().map(rename).collect())
}

/// A pattern, or nothing where Python does not understand it either.
struct Pattern(Option<Arc<Regex>>);

impl<'i> Keyword<'i> for Pattern {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("it does not match the pattern"))
        }
    }

    fn is_valid(&self, instance: &Value) -> bool {
        let matches = |text: &str| self.0.as_ref().is_some_and(|regex| regex.is_match(text).unwrap_or(false));
        instance.as_str().is_none_or(matches)
    }
}

/// Whether this is an RFC 3339 `date-time`: a real day, a time to the second, an offset. Leap seconds are
/// refused, as the original refuses them.
fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = bytes.get(from..to).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else {
        return false;
    };
    let date = is(4, b"-") && is(7, b"-") && year > 0 && (1..=days(year, month)).contains(&day);
    let (Some(hour), Some(minute), Some(second)) = (number(11, 13), number(14, 16), number(17, 19)) else {
        return false;
    };
    let time = is(10, b"Tt") && is(13, b":") && is(16, b":") && hour < 24 && minute < 60 && second < 60;
    let mut at = 19;
    if is(at, b".") {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        at += 1 + digits;
    }
    let zulu = is(at, b"Zz") && bytes.len() == at + 1;
    let offset = is(at, b"+-")
        && is(at + 3, b":")
        && bytes.len() == at + 6
        && number(at + 1, at + 3).is_some_and(|hour| hour < 24)
        && number(at + 4, at + 6).is_some_and(|minute| minute < 60);
    date && time && (zulu || offset)
}

/// The number of days of the month; zero if there is no such month.
fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_those_of_rfc_3339() {
        let good = [
            "2020-02-29T10:00:00Z",
            "2020-02-29t10:00:00z",
            "1999-12-31T23:59:59.123456+00:00",
            "0001-01-01T00:00:00-23:59",
        ];
        for text in good {
            assert!(is_date_time(text), "{text}");
        }
        let bad = [
            "",
            "2020-02-29",
            "2019-02-29T10:00:00Z",
            "2020-13-01T10:00:00Z",
            "2020-00-01T10:00:00Z",
            "2020-01-00T10:00:00Z",
            "0000-01-01T00:00:00Z",
            "2020-01-01 10:00:00Z",
            "2020-01-01T10:00:00",
            "2020-01-01T24:00:00Z",
            "2020-01-01T10:60:00Z",
            "2020-01-01T10:00:60Z",
            "2020-01-01T10:00:00.Z",
            "2020-01-01T10:00:00+0000",
            "2020-01-01T10:00:00+24:00",
            "2020-01-01T10:00:00Zx",
            "2020-01-01T10:00:00é",
            "+020-01-01T10:00:00Z",
        ];
        for text in bad {
            assert!(!is_date_time(text), "{text}");
        }
    }
}
