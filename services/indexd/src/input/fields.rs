//! The fields of a JSON object, read with the rules of the original's JSON schemas.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::number;
use crate::Error;

/// An object with known fields only.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

/// A long value is shown to this length.
const SHOWN: usize = 200;

/// A value as Python writes it.
pub(super) fn shown(value: &Value) -> String {
    let mut text = number::constant(value).map_or_else(|| python::repr(value), str::to_lowercase);
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// `value` of the field `name` is not what was expected, in the words of the original's validator.
pub(super) fn wrong(name: &str, value: &Value, expected: &str) -> Error {
    Error::bad(format!("{0} is not {expected}\n\nOn instance['{name}']:\n    {0}", shown(value)))
}

impl<'a> Fields<'a> {
    /// Refuses what is not an object, and an object that has other fields than `allowed`.
    pub(super) fn strict(body: &'a Value, allowed: &[&str]) -> Result<Self, Error> {
        let map =
            body.as_object().ok_or_else(|| Error::bad(format!("{} is not of type 'object'", shown(body))))?;
        match map.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(key) => {
                Err(Error::bad(format!("Additional properties are not allowed ('{key}' was unexpected)")))
            }
            None => Ok(Self(map)),
        }
    }

    /// Refuses an object without one of these fields, the first of them that is missing.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), Error> {
        match names.iter().find(|name| self.get(name).is_none()) {
            Some(name) => Err(missing(name)),
            None => Ok(()),
        }
    }

    /// Other fields are ignored.
    pub(super) fn lenient(map: &'a Map<String, Value>) -> Self {
        Self(map)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// As [`Self::get`], but null counts as absent.
    fn present(&self, name: &str) -> Option<&'a Value> {
        self.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        self.get(name).map(|value| text_of(name, value)).transpose()
    }

    /// A string, or null, or absent.
    pub(super) fn nullable_text(&self, name: &str) -> Result<Option<Option<String>>, Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(value) => {
                let text = value.as_str().ok_or_else(|| wrong(name, value, "of type 'string', 'null'"))?;
                Ok(Some(Some(text.to_owned())))
            }
        }
    }

    /// A string; null counts as absent.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, Error> {
        self.present(name).map(|value| text_of(name, value)).transpose()
    }

    pub(super) fn size(&self, name: &str) -> Result<Option<i64>, Error> {
        self.get(name).map(|value| size_of(name, value)).transpose()
    }

    /// As [`Self::size`]; null counts as absent.
    pub(super) fn optional_size(&self, name: &str) -> Result<Option<i64>, Error> {
        self.present(name).map(|value| size_of(name, value)).transpose()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        self.get(name).map(|value| texts_of(name, value)).transpose()
    }

    /// As [`Self::texts`]; null counts as absent.
    pub(super) fn optional_texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        self.present(name).map(|value| texts_of(name, value)).transpose()
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Error> {
        self.get(name)
            .map(|value| value.as_object().ok_or_else(|| wrong(name, value, "of type 'object'")))
            .transpose()
    }

    pub(super) fn array(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Error> {
        let array = |value: &'a Value| value.as_array().ok_or_else(|| wrong(name, value, "of type 'array'"));
        self.get(name).map(array).transpose()
    }

    /// An object whose values are strings.
    pub(super) fn text_map(&self, name: &str) -> Result<Option<IndexMap<String, String>>, Error> {
        self.object(name)?.map(|map| text_map_of(name, map)).transpose()
    }

    /// As [`Self::text_map`]; null counts as absent.
    pub(super) fn optional_text_map(&self, name: &str) -> Result<Option<IndexMap<String, String>>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(_) => self.text_map(name),
        }
    }
}

fn missing(name: &str) -> Error {
    Error::bad(format!("'{name}' is a required property"))
}

/// The value of a required field.
pub(super) fn required<T>(name: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| missing(name))
}

fn text_of(name: &str, value: &Value) -> Result<String, Error> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, value, "of type 'string'"))
}

/// A whole number from 0 that fits into 64 bits; `5.0` is one too.
fn size_of(name: &str, value: &Value) -> Result<i64, Error> {
    let number = value.as_number().ok_or_else(|| wrong(name, value, "of type 'integer'"))?;
    let whole = number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9.0e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        let whole = float as i64;
        Some(whole)
    });
    match whole {
        Some(size) if size >= 0 => Ok(size),
        Some(size) => Err(Error::bad(format!("{size} is less than the minimum of 0"))),
        None => Err(wrong(name, value, "an integer of at most 64 bits")),
    }
}

fn texts_of(name: &str, value: &Value) -> Result<Vec<String>, Error> {
    let items = value.as_array().ok_or_else(|| wrong(name, value, "of type 'array'"))?;
    items.iter().map(|item| text_of(name, item)).collect()
}

fn text_map_of(name: &str, map: &Map<String, Value>) -> Result<IndexMap<String, String>, Error> {
    map.iter().map(|(key, value)| Ok((key.clone(), text_of(&format!("{name}.{key}"), value)?))).collect()
}
