//! Bodies to documents.

use dictionary::Dictionary;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{Error, python, tsv};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Tsv,
    Csv,
}

impl Format {
    /// By the content type, compared whole and without case: anything unknown is JSON, even
    /// `text/csv; charset=utf-8`.
    pub(crate) fn of(content_type: &str) -> Self {
        match content_type.to_ascii_lowercase().as_str() {
            "text/csv" => Self::Csv,
            "text/tab-separated-values" | "text/tsv" => Self::Tsv,
            _ => Self::Json,
        }
    }

    /// By the name used in bulk transfers.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Json, Self::Tsv, Self::Csv]
            .into_iter()
            .find(|format| name.eq_ignore_ascii_case(format.as_str()))
    }

    /// The name in the transaction log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Tsv => "tsv",
            Self::Csv => "csv",
        }
    }
}

/// The documents of a body; leading `*` of keys, as templates have them, are gone.
///
/// # Errors
/// [`Error::BadRequest`]: not JSON, no object or list, duplicate keys, NUL characters (the database cannot
/// hold them), malformed rows.
pub(crate) fn parse(format: Format, text: &str, dictionary: &Dictionary) -> Result<Vec<Value>, Error> {
    let mut documents = match format {
        Format::Json => match parse_json(text)? {
            Value::Array(documents) => documents,
            object @ Value::Object(_) => vec![object],
            other => {
                let kind = python::type_name(&other);
                return Err(Error::BadRequest(format!(
                    "JSON parsed from request is an invalid type: {kind}"
                )));
            }
        },
        Format::Tsv => tsv::parse(text, '\t', ',', dictionary)?,
        Format::Csv => tsv::parse(text, ',', '#', dictionary)?,
    };
    documents.iter_mut().for_each(strip_stars);
    Ok(documents)
}

/// Levels of lists and objects in a document. It comes back inside answers and transaction logs, a few levels further
/// down, and those must stay readable for parsers that stop at 128.
const DEEPEST: usize = 100;

/// Strict JSON: no duplicate keys, no NUL in strings, not too many levels.
///
/// # Errors
/// [`Error::BadRequest`] with the place of the first fault.
pub(crate) fn parse_json(text: &str) -> Result<Value, Error> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) if levels(&value) > DEEPEST => {
            Err(Error::BadRequest(format!("Unable to parse json: nested deeper than {DEEPEST} levels")))
        }
        Ok(Strict(value)) => Ok(value),
        Err(error) => {
            let message = error.to_string();
            // The original says these without a place.
            let message = match message.find(DUPLICATE) {
                Some(_) => message.split(" at line ").next().unwrap_or(DUPLICATE).to_owned(),
                None => message,
            };
            Err(Error::BadRequest(format!("Unable to parse json: {message}")))
        }
    }
}

fn levels(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(levels).max(),
        Value::Object(map) => map.values().map(levels).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

const DUPLICATE: &str = "The document contains duplicate keys: ";

fn strip_stars(document: &mut Value) {
    let Value::Object(map) = document else { return };
    if !map.keys().any(|key| key.starts_with('*')) {
        return;
    }
    let stripped = std::mem::take(map).into_iter();
    *map = stripped.map(|(key, value)| (key.trim_start_matches('*').to_owned(), value)).collect();
}

/// A value read strictly.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        without_nul(&value)?;
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            without_nul::<A::Error>(&key)?;
            let Strict(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("{DUPLICATE}{key}")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

fn without_nul<E: de::Error>(text: &str) -> Result<&str, E> {
    match text.contains('\0') {
        true => Err(E::custom("the character U+0000 cannot be stored")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(text: &str) -> String {
        parse_json(text).unwrap_err().to_string()
    }

    #[test]
    fn the_content_type_is_compared_whole() {
        assert_eq!(Format::of("TEXT/TSV"), Format::Tsv);
        assert_eq!(Format::of("text/csv; charset=utf-8"), Format::Json);
        assert_eq!(Format::of(""), Format::Json);
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth() {
        let expected = "Unable to parse json: The document contains duplicate keys: a";
        assert_eq!(message(r#"{"a": 1, "a": 2}"#), expected);
        assert_eq!(message(r#"[{"b": {"a": 1, "a": 2}}]"#), expected);
    }

    #[test]
    fn what_json_or_the_database_cannot_hold_is_refused() {
        for text in ["", "{", "NaN", "1e400", r#"["\u0000"]"#, r#"{"\u0000": 1}"#, r#""\ud800""#, "[1,]"] {
            assert!(message(text).starts_with("Unable to parse json: "), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(message(&deep).contains("recursion limit"));
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse_json(&nested(DEEPEST)).is_ok());
        assert!(message(&nested(DEEPEST + 1)).contains("nested deeper"));
    }

    #[test]
    fn numbers_keep_their_form() {
        assert_eq!(parse_json("[5, 5.0, 0.07]").unwrap(), json!([5, 5.0, 0.07]));
    }

    #[test]
    fn stars_of_templates_are_dropped() {
        let dictionary = crate::testing::dictionary();
        let documents = parse(Format::Json, r#"{"*type": "case", "**x": 1}"#, &dictionary).unwrap();
        assert_eq!(documents, vec![json!({"type": "case", "x": 1})]);
    }

    #[test]
    fn only_objects_and_lists_are_documents() {
        let dictionary = crate::testing::dictionary();
        let refused = parse(Format::Json, "5", &dictionary).unwrap_err().to_string();
        assert_eq!(refused, "JSON parsed from request is an invalid type: int");
    }
}
