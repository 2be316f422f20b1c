//! Whether a document is meant.

use std::cmp::Ordering;

use search::{Field, Kind, Mapping, Query, Range, Scalar, Words};
use serde_json::Number;
use unicode_segmentation::UnicodeSegmentation;

use super::values::{Unit, compare, compare_numbers};

/// Whether a query holds of a document or of a nested object.
pub(super) fn matches(query: &Query, unit: &Unit<'_>) -> bool {
    match query {
        Query::All => true,
        Query::None => false,
        Query::And(queries) => queries.iter().all(|query| matches(query, unit)),
        Query::Or(queries) => queries.iter().any(|query| matches(query, unit)),
        Query::Not(query) => !matches(query, unit),
        Query::OneOf { field, values } => {
            unit.values(field).iter().any(|own| values.iter().any(|value| compare(own, value).is_eq()))
        }
        Query::Within { field, range } => unit.values(field).iter().any(|value| within(value, range)),
        Query::Exists(field) => unit.has(field),
        Query::Nested { path, query } => unit.nested(path).iter().any(|unit| matches(query, unit)),
        Query::Text { text, words } => {
            fields(words, unit.mapping).iter().any(|field| has_word(field, text, unit))
        }
        Query::Ids(ids) => ids.iter().any(|id| id == unit.id),
    }
}

fn within(value: &Scalar, range: &Range) -> bool {
    let Scalar::Number(value) = value else { return false };
    let is = |limit: &Option<_>, good: fn(Ordering) -> bool| {
        limit.as_ref().is_none_or(|limit| good(compare_numbers(value, limit)))
    };
    is(&range.gt, Ordering::is_gt)
        && is(&range.gte, Ordering::is_ge)
        && is(&range.lt, Ordering::is_lt)
        && is(&range.lte, Ordering::is_le)
}

/// The whole paths of the fields in which words are looked for.
pub(super) fn fields(words: &Words, mapping: &Mapping) -> Vec<String> {
    let mut all = Vec::new();
    outer(&mapping.fields, "", &mut all);
    match words {
        Words::Fields(fields) => fields.clone(),
        Words::Everywhere => all,
        Words::EverySubfield(name) => {
            let is = |path: &String| path.rsplit_once('.').is_some_and(|(_, last)| last == name);
            all.into_iter().filter(is).collect()
        }
    }
}

fn outer(fields: &[Field], prefix: &str, all: &mut Vec<String>) {
    for field in fields {
        let path = format!("{prefix}{}", field.name);
        match &field.kind {
            Kind::Nested(_) => {}
            Kind::Object(inner) => outer(&inner.fields, &format!("{path}."), all),
            _ => {
                all.extend(field.subfields.iter().map(|sub| format!("{path}.{}", sub.name)));
                all.push(path);
            }
        }
    }
}

fn has_word(field: &str, text: &str, unit: &Unit<'_>) -> bool {
    let Some((definition, _)) = unit.mapping.find(field) else { return false };
    let values = unit.values(field);
    match &definition.kind {
        Kind::Text => {
            let wanted = words_of(text);
            unit.texts(field).iter().flat_map(|text| words_of(text)).any(|word| wanted.contains(&word))
        }
        Kind::Integer(_) | Kind::Float(_) => match text.parse::<Number>() {
            Ok(number) => values.iter().any(|own| compare(own, &Scalar::Number(number.clone())).is_eq()),
            Err(_) => false,
        },
        Kind::Boolean => text.parse().is_ok_and(|boolean| values.contains(&Scalar::Boolean(boolean))),
        _ => values.contains(&Scalar::Text(text.to_owned())),
    }
}

/// Words as the standard analyzer makes them.
pub(super) fn words_of(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).collect()
}
