//! Words violations as python-jsonschema 3.2 does, because clients of sheepdog show them to their users.

use std::sync::Arc;

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind, paths::LocationSegment};
use python::{repr, repr_text};
use serde_json::Value;

use crate::draft4;

/// The message of a violation of `schema`, followed by those of the alternatives that failed.
pub(crate) fn message(schema: &Value, error: &ValidationError<'_>) -> String {
    let mut causes: Vec<_> = context(error).collect();
    causes.sort_by_cached_key(|cause| position(schema, cause));
    let causes: Vec<String> = causes.into_iter().map(|cause| single(schema, cause)).collect();
    let message = single(schema, error);
    if causes.is_empty() { message } else { format!("{message}: {}", causes.join(" and ")) }
}

/// The violations because of which the alternatives of an `anyOf` or `oneOf` failed.
pub(crate) fn context<'e>(
    error: &'e ValidationError<'_>,
) -> impl Iterator<Item = &'e ValidationError<'static>> {
    let branches: &[Vec<ValidationError<'static>>] = match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => context,
        _ => &[],
    };
    branches.iter().flatten()
}

/// The place of the violated keyword in the schema and of the value in its lists. Violations that are sorted
/// by it come in the order in which a validator that walks through the schema finds them.
pub(crate) fn position(schema: &Value, error: &ValidationError<'_>) -> Vec<usize> {
    let mut at = Some(schema);
    let mut values = error.instance_path().segments();
    let mut position = Vec::new();
    let mut names_follow = false;
    for segment in error.schema_path().segments() {
        position.push(index(at, &segment));
        at = at.and_then(|at| step(at, &segment));
        let word = if names_follow { "a name" } else { name(&segment) };
        names_follow = matches!(word, "properties" | "patternProperties" | "anyOf" | "oneOf" | "allOf")
            || (word == "items" && at.is_some_and(Value::is_array));
        let value = match word {
            "properties" | "items" | "patternProperties" => values.next(),
            _ => None,
        };
        if let Some(LocationSegment::Index(item)) = value {
            position.push(item);
        }
    }
    position
}

fn name<'s>(segment: &'s LocationSegment<'_>) -> &'s str {
    match segment {
        LocationSegment::Property(key) => draft4::written(key),
        LocationSegment::Index(_) => "",
    }
}

fn index(at: Option<&Value>, segment: &LocationSegment<'_>) -> usize {
    let found = match (segment, at) {
        (LocationSegment::Property(key), Some(Value::Object(object))) => {
            object.keys().position(|known| known == draft4::written(key))
        }
        (LocationSegment::Index(index), _) => Some(*index),
        _ => None,
    };
    found.unwrap_or(usize::MAX)
}

fn step<'v>(value: &'v Value, segment: &LocationSegment<'_>) -> Option<&'v Value> {
    match segment {
        LocationSegment::Property(key) => value.get(draft4::written(key)),
        LocationSegment::Index(index) => value.get(index),
    }
}

/// The value of the violated keyword.
fn keyword<'v>(schema: &'v Value, error: &ValidationError<'_>) -> Option<&'v Value> {
    error.schema_path().segments().try_fold(schema, |at, segment| step(at, &segment))
}

/// The value of the violated keyword, as Python shows it.
fn keyword_text(schema: &Value, error: &ValidationError<'_>) -> String {
    keyword(schema, error).map(repr).unwrap_or_default()
}

/// The message of a violation by itself.
pub(crate) fn single(schema: &Value, error: &ValidationError<'_>) -> String {
    let value = || repr(error.instance());
    match error.kind() {
        Kind::Type { .. } => format!("{} is not of type {}", value(), types(keyword(schema, error))),
        Kind::Enum { options } => format!("{} is not one of {}", value(), repr(options)),
        Kind::Required { property } => format!("{} is a required property", repr(property)),
        // The only keyword of our own is that of patterns.
        Kind::Custom { .. } => format!("{} does not match {}", value(), keyword_text(schema, error)),
        Kind::Format { format } => format!("{} is not a {}", value(), repr_text(format)),
        Kind::AdditionalProperties { unexpected } => {
            format!("Additional properties are not allowed ({})", unexpected_names(unexpected))
        }
        Kind::AdditionalItems { limit } => additional_items(error.instance(), *limit),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            format!("{} is not valid under any of the given schemas", value())
        }
        Kind::OneOfMultipleValid { .. } => {
            let matching = matching(keyword(schema, error), error.instance());
            format!("{} is valid under each of {matching}", value())
        }
        Kind::Not { .. } => format!("{} is not allowed for {}", keyword_text(schema, error), value()),
        Kind::UniqueItems => format!("{} has non-unique elements", value()),
        other => bound(other, error).unwrap_or_else(|| error.to_string()),
    }
}

/// The message about a bound of a number, length or count.
fn bound(kind: &Kind, error: &ValidationError<'_>) -> Option<String> {
    let words = match kind {
        Kind::Maximum { limit } => format!("greater than the maximum of {}", repr(limit)),
        Kind::ExclusiveMaximum { limit } => {
            format!("greater than or equal to the maximum of {}", repr(limit))
        }
        Kind::Minimum { limit } => format!("less than the minimum of {}", repr(limit)),
        Kind::ExclusiveMinimum { limit } => format!("less than or equal to the minimum of {}", repr(limit)),
        Kind::MultipleOf { multiple_of } => format!("not a multiple of {multiple_of}"),
        Kind::MaxItems { .. } | Kind::MaxLength { .. } => "too long".to_owned(),
        Kind::MinItems { .. } | Kind::MinLength { .. } => "too short".to_owned(),
        Kind::MaxProperties { .. } => {
            return Some(format!("{} has too many properties", repr(error.instance())));
        }
        Kind::MinProperties { .. } => {
            return Some(format!("{} does not have enough properties", repr(error.instance())));
        }
        _ => return None,
    };
    Some(format!("{} is {words}", repr(error.instance())))
}

fn types(keyword: Option<&Value>) -> String {
    match keyword {
        Some(Value::Array(types)) => types.iter().map(repr).collect::<Vec<_>>().join(", "),
        Some(single) => repr(single),
        None => String::new(),
    }
}

fn unexpected_names(names: &[String]) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    let names: Vec<String> = names.iter().map(|name| repr_text(name)).collect();
    format!("{} {verb} unexpected", names.join(", "))
}

fn additional_items(instance: &Value, limit: usize) -> String {
    let extra = instance.as_array().and_then(|items| items.get(limit..)).unwrap_or_default();
    let verb = if extra.len() == 1 { "was" } else { "were" };
    let items: Vec<String> = extra.iter().map(repr).collect();
    format!("Additional items are not allowed ({} {verb} unexpected)", items.join(", "))
}

/// The alternatives of a `oneOf` that hold, the first one last, as the original lists them.
fn matching(alternatives: Option<&Value>, instance: &Value) -> String {
    let all = alternatives.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let patterns = Arc::default();
    let holds = |schema: &&Value| {
        draft4::compile(schema, &patterns).is_ok_and(|validator| validator.is_valid(instance))
    };
    let mut holding: Vec<String> = all.iter().filter(holds).map(repr).collect();
    if !holding.is_empty() {
        holding.rotate_left(1);
    }
    holding.join(", ")
}
