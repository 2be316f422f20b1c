//! Objects of request bodies.
//!
//! Two kinds of objects occur. *Strict* ones refuse unknown keys and name the required keys that are missing.
//! *Loose* ones ignore unknown keys and find their own in any letter case. In both, `null` counts as an
//! absent value, and of two equal keys the last one wins.
//!
//! A value of a wrong type is told in the words of the original, which clients have seen: they name the
//! places and types of a program in Go.

use authz::Action;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::syntax;
use crate::Error;

/// The Go type of an object whose keys are looked at before it is read.
pub(super) const ANY_OBJECT: &str = "map[string]interface {}";
const STRING: &str = "string";
const STRINGS: &str = "[]string";

/// A kind of object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// What it is, for messages.
    pub(super) what: &'static str,
    /// Where the original reads its values into: a Go type, and the path below it.
    pub(super) place: &'static str,
    /// The Go type of the whole.
    pub(super) whole: &'static str,
}

/// Longest name, identifier, label or part of a permission, in bytes. PostgreSQL cannot index much more.
pub(crate) const MAX_NAME: usize = 2000;
/// Longest description, in bytes.
const MAX_DESCRIPTION: usize = 65_536;

/// Parses `body`; what is wrong becomes a 400 that begins with `failed`, as in "could not parse policy from
/// JSON".
pub(super) fn parse(failed: &str, body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let reason = syntax::fault(body).unwrap_or_else(|| error.to_string());
        Error::BadRequest(format!("{failed}: {reason}"))
    })
}

/// Parses `body` and reads it by `read`; what is wrong with it becomes a 400 that begins with `failed`.
pub(super) fn read<T>(
    failed: &str,
    body: &[u8],
    read: impl FnOnce(&Value) -> Result<T, Error>,
) -> Result<T, Error> {
    read(&parse(failed, body)?).map_err(|error| match error {
        Error::BadRequest(reason) => Error::BadRequest(format!("{failed}: {reason}")),
        other => other,
    })
}

/// Reads the elements of a body that is a list of the Go type `whole`; `null` is an empty one.
pub(super) fn items<'a>(whole: &str, value: &'a Value) -> Result<&'a [Value], Error> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        other => Err(misread(other, format_args!("value of type {whole}"))),
    }
}

/// An object of a request body, with readers for its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    shape: Shape,
    map: Option<&'a Map<String, Value>>,
    any_case: bool,
}

impl<'a> Fields<'a> {
    /// Reads an object with all of `required`, maybe some of `optional`, and nothing else.
    pub(super) fn strict(
        shape: Shape,
        value: &'a Value,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Self, Error> {
        let what = shape.what;
        let fields = Self { shape, map: object(shape, value)?, any_case: false };
        let missing: Vec<&str> = required.iter().copied().filter(|key| !fields.has(key)).collect();
        if !missing.is_empty() {
            let text = format!("input {what} is missing the following required fields: {}", quoted(&missing));
            return Err(Error::BadRequest(text));
        }
        let known = |key: &str| required.contains(&key) || optional.contains(&key);
        let keys = fields.map.into_iter().flat_map(Map::keys).map(String::as_str);
        let unexpected: Vec<&str> = keys.filter(|key| !known(key)).collect();
        if !unexpected.is_empty() {
            let text =
                format!("input {what} contains the following unexpected fields: {}", quoted(&unexpected));
            return Err(Error::BadRequest(text));
        }
        Ok(fields)
    }

    /// Reads an object in which unknown keys do not matter.
    pub(super) fn loose(shape: Shape, value: &'a Value) -> Result<Self, Error> {
        Ok(Self { shape, map: object(shape, value)?, any_case: true })
    }

    /// Returns whether the key is there, `null` or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Reads the value, if it is there and not `null`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.find(key).filter(|value| !value.is_null())
    }

    fn find(&self, key: &str) -> Option<&'a Value> {
        let map = self.map?;
        if !self.any_case {
            return map.get(key);
        }
        map.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value).next_back()
    }

    /// Reads a name or identifier: limited in length, without NUL.
    pub(super) fn name(&self, key: &str) -> Result<Option<String>, Error> {
        self.string(key, MAX_NAME)
    }

    /// Reads a name that must not be empty. (The original takes it, and then no route reaches the row again.)
    pub(super) fn filled_name(&self, key: &str) -> Result<String, Error> {
        let name = self.name(key)?.unwrap_or_default();
        if name.is_empty() {
            return Err(Error::BadRequest(format!("field `{key}` of {} must not be empty", self.shape.what)));
        }
        Ok(name)
    }

    /// Reads a description, which may be long.
    pub(super) fn description(&self, key: &str) -> Result<Option<String>, Error> {
        self.string(key, MAX_DESCRIPTION)
    }

    /// Reads a string of at most `limit` bytes, without NUL.
    pub(super) fn string(&self, key: &str, limit: usize) -> Result<Option<String>, Error> {
        self.get(key).map(|value| self.checked_string(key, value, limit)).transpose()
    }

    /// Reads an action, in which unknown keys do not matter; an absent service or method is the empty string.
    /// It stands at `place`.
    pub(super) fn action(&self, key: &str, place: &'static str) -> Result<Action, Error> {
        let Some(value) = self.get(key) else {
            return Ok(Action { service: String::new(), method: String::new() });
        };
        let action = Fields::loose(Shape { what: "action", place, whole: "arborist.Action" }, value)?;
        Ok(Action {
            service: action.name("service")?.unwrap_or_default(),
            method: action.name("method")?.unwrap_or_default(),
        })
    }

    /// Reads a list of names; an element that is `null` counts as the empty name.
    pub(super) fn names(&self, key: &str) -> Result<Option<Vec<String>>, Error> {
        let Some(items) = self.list(key, STRINGS)? else { return Ok(None) };
        let read = |item: &Value| match item {
            Value::Null => Ok(String::new()),
            item => self.checked_string(key, item, MAX_NAME),
        };
        items.iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    /// Reads a list of anything, which has the Go type `whole`.
    pub(super) fn list(&self, key: &str, whole: &str) -> Result<Option<&'a [Value]>, Error> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong_type(key, other, whole)),
        }
    }

    /// Reads an object whose values are all strings, such as constraints.
    pub(super) fn strings(&self, key: &str) -> Result<Map<String, Value>, Error> {
        match self.get(key) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => match map.values().find(|value| !value.is_string()) {
                None => Ok(map.clone()),
                Some(other) => Err(self.wrong_type(key, other, STRING)),
            },
            Some(other) => Err(self.wrong_type(key, other, "map[string]string")),
        }
    }

    fn checked_string(&self, key: &str, value: &Value, limit: usize) -> Result<String, Error> {
        let Value::String(text) = value else { return Err(self.wrong_type(key, value, STRING)) };
        check_length(key, text, limit)?;
        Ok(text.clone())
    }

    fn wrong_type(&self, key: &str, value: &Value, wanted: &str) -> Error {
        let place = self.shape.place;
        misread(value, format_args!("struct field {place}.{key} of type {wanted}"))
    }
}

/// Reads an RFC 3339 point in time, the value of `key`; none, and the empty string, mean "never".
pub(super) fn expiry(key: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Error> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => parse_time(key, text).map(Some),
    }
}

fn parse_time(key: &str, text: &str) -> Result<DateTime<Utc>, Error> {
    // The reader of the library also takes a space or small letters, and a second that few minutes have.
    let strict = |text: &str| {
        text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z') && text.get(17..19) != Some("60")
    };
    let parsed = DateTime::parse_from_rfc3339(text).ok().filter(|_| strict(text));
    parsed.map(|time| time.with_timezone(&Utc)).ok_or_else(|| {
        Error::BadRequest(format!(
            "could not parse `{key}` (must be in RFC 3339 format; see specification: \
             https://tools.ietf.org/html/rfc3339#section-5.8)"
        ))
    })
}

fn object(shape: Shape, value: &Value) -> Result<Option<&Map<String, Value>>, Error> {
    let Shape { place, whole, .. } = shape;
    match value {
        Value::Null => Ok(None),
        Value::Object(map) => Ok(Some(map)),
        // What stands below something is a field of it.
        other if place.contains('.') => {
            Err(misread(other, format_args!("struct field {place} of type {whole}")))
        }
        other => Err(misread(other, format_args!("value of type {whole}"))),
    }
}

fn misread(value: &Value, into: std::fmt::Arguments<'_>) -> Error {
    Error::BadRequest(format!("json: cannot unmarshal {} into Go {into}", kind(value)))
}

fn check_length(key: &str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() > limit {
        return Err(Error::BadRequest(format!("`{key}` is longer than {limit} bytes")));
    }
    if text.contains('\0') {
        return Err(Error::BadRequest(format!("`{key}` holds a NUL character")));
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROLE: Shape = Shape { what: "role", place: "loader", whole: ANY_OBJECT };

    #[test]
    fn wrong_types_are_told_as_the_original_tells_them() {
        let value = json!({"a": 1, "b": ["x", {}], "c": {"k": true}, "d": null});
        let fields = Fields::strict(ROLE, &value, &[], &["a", "b", "c", "d"]).unwrap();
        let told =
            |error: Error| error.to_string().strip_prefix("json: cannot unmarshal ").unwrap().to_owned();
        assert_eq!(
            told(fields.name("a").unwrap_err()),
            "number into Go struct field loader.a of type string"
        );
        assert_eq!(
            told(fields.names("a").unwrap_err()),
            "number into Go struct field loader.a of type []string"
        );
        assert_eq!(
            told(fields.names("b").unwrap_err()),
            "object into Go struct field loader.b of type string"
        );
        assert_eq!(
            told(fields.strings("c").unwrap_err()),
            "bool into Go struct field loader.c of type string"
        );
        assert_eq!(
            told(fields.strings("b").unwrap_err()),
            "array into Go struct field loader.b of type map[string]string"
        );
        assert_eq!(
            told(fields.action("b", "loader.b").unwrap_err()),
            "array into Go struct field loader.b of type arborist.Action"
        );
        assert_eq!(fields.name("d").unwrap(), None);
        let list = json!([1]);
        let whole = Fields::strict(ROLE, &list, &[], &[]).unwrap_err();
        assert_eq!(told(whole), "array into Go value of type map[string]interface {}");
        assert_eq!(told(items("[]x", &value).unwrap_err()), "object into Go value of type []x");
    }

    #[test]
    fn strict_objects_name_what_is_missing_and_what_is_too_much() {
        let missing = Fields::strict(ROLE, &json!({}), &["id", "permissions"], &[]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "input role is missing the following required fields: `id`, `permissions`"
        );
        let unexpected = Fields::strict(ROLE, &json!({"id": 1, "zz": 2}), &["id"], &[]).unwrap_err();
        assert_eq!(unexpected.to_string(), "input role contains the following unexpected fields: `zz`");
    }

    #[test]
    fn loose_objects_find_keys_in_any_case_and_take_the_last() {
        let value = json!({"clientid": "a", "CLIENTID": "b", "zz": 1});
        let fields =
            Fields::loose(Shape { what: "client", place: "Client", whole: "arborist.Client" }, &value)
                .unwrap();
        assert_eq!(fields.name("clientID").unwrap().as_deref(), Some("b"));
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        for (text, fine) in [
            ("2040-01-01T00:00:00Z", true),
            ("2040-01-01T00:00:00.5+02:00", true),
            ("2040-01-01 00:00:00Z", false),
            ("2040-01-01", false),
            ("soon", false),
        ] {
            assert_eq!(parse_time("expires_at", text).is_ok(), fine, "{text}");
        }
    }
}
