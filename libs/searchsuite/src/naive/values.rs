//! What a document holds at a path, as its mapping reads it.

use std::{cmp::Ordering, collections::HashSet};

use search::{Field, Kind, Mapping, Scalar};
use serde_json::{Map, Number, Value};

/// A document, or a nested object of one.
#[derive(Clone)]
pub(super) struct Unit<'a> {
    /// The mapping of the whole document.
    pub(super) mapping: &'a Mapping,
    /// The nested path at which it stands; `None` for the document.
    pub(super) path: Option<String>,
    /// Its fields.
    pub(super) object: &'a Map<String, Value>,
    /// The id of the document.
    pub(super) id: &'a str,
}

impl<'a> Unit<'a> {
    /// The values of a field: none of a field of other objects than this.
    pub(super) fn values(&self, field: &str) -> Vec<Scalar> {
        let Some((definition, path)) = self.definition(field) else { return Vec::new() };
        let mut found = Vec::new();
        leaves(self.object, self.relative(&path), &mut found);
        let values: Vec<Scalar> =
            found.into_iter().filter_map(|value| read(definition, value).ok()).flatten().collect();
        if matches!(definition.kind, Kind::Keyword) { distinct(values) } else { values }
    }

    /// Whether there is a value, or one in the object that the field is.
    pub(super) fn has(&self, field: &str) -> bool {
        match self.definition(field).map(|(definition, _)| &definition.kind) {
            Some(Kind::Object(inner)) => {
                inner.fields.iter().any(|f| self.has(&format!("{field}.{}", f.name)))
            }
            Some(Kind::Nested(_)) | None => false,
            Some(_) => !self.values(field).is_empty(),
        }
    }

    /// The texts of a field, as they were written.
    pub(super) fn texts(&self, field: &str) -> Vec<String> {
        let text = |value: Scalar| match value {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
            Scalar::Boolean(boolean) => boolean.to_string(),
        };
        self.values(field).into_iter().map(text).collect()
    }

    /// The nested objects at a path, from here.
    pub(super) fn nested(&self, path: &str) -> Vec<Unit<'a>> {
        let Some((Field { kind: Kind::Nested(_), .. }, _)) = self.mapping.find(path) else {
            return Vec::new();
        };
        let below = self.path.as_ref().is_none_or(|own| path.starts_with(&format!("{own}.")));
        let mut found = Vec::new();
        if below {
            leaves(self.object, self.relative(path), &mut found);
        }
        let objects = found.into_iter().filter_map(Value::as_object);
        objects.map(|object| Unit { object, path: Some(path.to_owned()), ..self.clone() }).collect()
    }

    fn relative<'p>(&self, path: &'p str) -> &'p str {
        self.path.as_ref().map_or(path, |own| path.get(own.len() + 1..).unwrap_or_default())
    }

    /// The field, and the path in documents of what it reads.
    fn definition(&self, field: &str) -> Option<(&'a Field, String)> {
        let (definition, within) = self.mapping.find(field)?;
        if within != self.path {
            return None;
        }
        let outer = field.rsplit_once('.').and_then(|(outer, name)| {
            let (outer_field, _) = self.mapping.find(outer)?;
            outer_field.subfields.iter().any(|sub| sub.name == name).then(|| outer.to_owned())
        });
        Some((definition, outer.unwrap_or_else(|| field.to_owned())))
    }
}

/// All values at a path, through lists and objects.
fn leaves<'a>(object: &'a Map<String, Value>, path: &str, found: &mut Vec<&'a Value>) {
    for (key, value) in object {
        if key == path {
            flat(value, found);
        } else if let Some(rest) = path.strip_prefix(key.as_str()).and_then(|rest| rest.strip_prefix('.')) {
            let mut inner = Vec::new();
            flat(value, &mut inner);
            inner.into_iter().filter_map(Value::as_object).for_each(|object| leaves(object, rest, found));
        }
    }
}

fn flat<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| flat(value, found)),
        Value::Null => {}
        value => found.push(value),
    }
}

fn distinct(values: Vec<Scalar>) -> Vec<Scalar> {
    let mut seen = HashSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}

/// A value as a field keeps it: `None` for one that it leaves out.
///
/// # Errors
/// It cannot be one of this field.
fn read(field: &Field, value: &Value) -> Result<Option<Scalar>, String> {
    let fault =
        || Err(format!("failed to parse field [{}] of type [{}]: {value}", field.name, field.kind.name()));
    match &field.kind {
        Kind::Integer(kind) => {
            let number = match value {
                Value::Number(number) => whole(number),
                Value::String(text) => text.parse::<Number>().ok().and_then(|number| whole(&number)),
                _ => None,
            };
            let limit = match kind.as_str() {
                "byte" => i64::from(i8::MAX),
                "short" => i64::from(i16::MAX),
                "integer" => i64::from(i32::MAX),
                _ => i64::MAX,
            };
            match number.filter(|number| (-limit - 1..=limit).contains(number)) {
                Some(number) => Ok(Some(Scalar::Number(number.into()))),
                None => fault(),
            }
        }
        Kind::Float(kind) => {
            let number = match value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.parse::<f64>().ok(),
                _ => None,
            };
            let factor = field.options.get("scaling_factor").and_then(Value::as_f64).unwrap_or(1.0);
            let number = number.map(|number| match kind.as_str() {
                "float" | "half_float" => f64::from(number as f32),
                "scaled_float" => (number * factor).round() / factor,
                _ => number,
            });
            match number.and_then(Number::from_f64) {
                Some(number) => Ok(Some(Scalar::Number(number))),
                None => fault(),
            }
        }
        Kind::Boolean => match value {
            Value::Bool(boolean) => Ok(Some(Scalar::Boolean(*boolean))),
            Value::String(text) if text == "true" => Ok(Some(Scalar::Boolean(true))),
            Value::String(text) if text.is_empty() || text == "false" => Ok(Some(Scalar::Boolean(false))),
            _ => fault(),
        },
        Kind::Nested(_) | Kind::Object(_) => {
            if value.is_object() {
                Ok(None)
            } else {
                fault()
            }
        }
        Kind::Keyword | Kind::Text | Kind::Date | Kind::Other(_) => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return fault(),
            };
            let longest = field.options.get("ignore_above").and_then(Value::as_u64).unwrap_or(u64::MAX);
            let kept = text.encode_utf16().count() as u64 <= longest;
            Ok(kept.then_some(Scalar::Text(text)))
        }
    }
}

/// One more than the greatest whole number.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A number without what stands behind its point.
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?.trunc();
        (number.is_f64() && (-LIMIT..LIMIT).contains(&float)).then_some(float as i64)
    })
}

/// Whether a mapping can take a document.
///
/// # Errors
/// The first field that it cannot.
pub(super) fn check(mapping: &Mapping, object: &Map<String, Value>) -> Result<(), String> {
    for field in &mapping.fields {
        let mut found = Vec::new();
        leaves(object, &field.name, &mut found);
        for value in found {
            read(field, value)?;
            if let (Kind::Nested(inner) | Kind::Object(inner), Value::Object(object)) = (&field.kind, value) {
                check(inner, object)?;
            }
        }
    }
    Ok(())
}

/// How two values of one field stand: text by its bytes, numbers exactly.
pub(crate) fn compare(one: &Scalar, other: &Scalar) -> Ordering {
    match (one, other) {
        (Scalar::Text(one), Scalar::Text(other)) => one.cmp(other),
        (Scalar::Boolean(one), Scalar::Boolean(other)) => one.cmp(other),
        (Scalar::Number(one), Scalar::Number(other)) => compare_numbers(one, other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: &Scalar) -> u8 {
    match value {
        Scalar::Boolean(_) => 0,
        Scalar::Number(_) => 1,
        Scalar::Text(_) => 2,
    }
}

/// Exact also where a whole number has more digits than a float.
pub(super) fn compare_numbers(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        (None, Some(other)) => compare_float(float(one), other),
        (Some(one), None) => compare_float(float(other), one).reverse(),
        (None, None) => float(one).total_cmp(&(float(other) + 0.0)),
    }
}

fn compare_float(float: f64, whole: i128) -> Ordering {
    // Beyond what a whole number of ours can be, and exact within it.
    if float.abs() > 1e30 {
        return if float > 0.0 { Ordering::Greater } else { Ordering::Less };
    }
    let floor = float.floor();
    let above = if float > floor { Ordering::Greater } else { Ordering::Equal };
    (floor as i128).cmp(&whole).then(above)
}

/// A number as the nearest float.
pub(super) fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}
