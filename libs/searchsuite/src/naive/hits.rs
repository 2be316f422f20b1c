//! The documents of an answer: their order, their page, and what comes of each.

use std::{cmp::Ordering, collections::BTreeMap};

use search::{Hit, Query, Scalar, Search, Sort, Source, Words};
use serde_json::{Map, Value, json};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    matching::{fields, words_of},
    values::{Unit, compare},
};

/// A document of the query, and when it was written.
pub(super) type Placed<'a> = (Unit<'a>, u64);

/// A page of them.
pub(super) fn page(search: &Search, documents: &[Placed<'_>]) -> Vec<Hit> {
    let mut placed: Vec<(Vec<Value>, &Unit<'_>)> =
        documents.iter().map(|(unit, written)| (position(unit, *written, &search.sort), unit)).collect();
    placed.sort_by(|one, other| order(&one.0, &other.0, &search.sort));
    let after = search.after.as_ref();
    let placed = placed
        .into_iter()
        .filter(|(position, _)| after.is_none_or(|after| order(position, after, &search.sort).is_gt()));
    let size = usize::try_from(search.size).unwrap_or(usize::MAX);
    let page = placed.skip(usize::try_from(search.from).unwrap_or(usize::MAX)).take(size);
    page.map(|(position, unit)| Hit {
        id: unit.id.to_owned(),
        source: source(unit.object, &search.source),
        highlights: search
            .highlight
            .as_ref()
            .map(|name| highlights(name, &search.query, unit))
            .unwrap_or_default(),
        position,
    })
    .collect()
}

/// The values by which it is sorted, and when it was written.
fn position(unit: &Unit<'_>, written: u64, sort: &[Sort]) -> Vec<Value> {
    let key = |sort: &Sort| {
        let values: Vec<Scalar> = match &sort.nested {
            None => unit.values(&sort.field),
            Some(path) => unit.nested(path).iter().flat_map(|unit| unit.values(&sort.field)).collect(),
        };
        let values = values.into_iter();
        let chosen = if sort.descending { values.max_by(compare) } else { values.min_by(compare) };
        chosen.map_or(Value::Null, |value| match value {
            Scalar::Text(text) => Value::String(text),
            Scalar::Number(number) => Value::Number(number),
            Scalar::Boolean(boolean) => Value::Bool(boolean),
        })
    };
    sort.iter().map(key).chain([json!(written)]).collect()
}

fn order(one: &[Value], other: &[Value], sort: &[Sort]) -> Ordering {
    let directions = sort.iter().map(|sort| sort.descending).chain([false]);
    let pairs = one.iter().zip(other).zip(directions);
    pairs.fold(Ordering::Equal, |so_far, ((one, other), descending)| {
        so_far.then_with(|| match (scalar(one), scalar(other)) {
            (Some(one), Some(other)) if descending => compare(&other, &one),
            (Some(one), Some(other)) => compare(&one, &other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        })
    })
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::String(text) => Some(Scalar::Text(text.clone())),
        Value::Number(number) => Some(Scalar::Number(number.clone())),
        Value::Bool(boolean) => Some(Scalar::Boolean(*boolean)),
        _ => None,
    }
}

/// What of a document is wanted.
pub(super) fn source(object: &Map<String, Value>, source: &Source) -> Map<String, Value> {
    match source {
        Source::All => object.clone(),
        Source::None => Map::new(),
        Source::Fields(fields) => chosen(object, "", fields),
    }
}

fn chosen(object: &Map<String, Value>, prefix: &str, fields: &[String]) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in object {
        let path = format!("{prefix}{key}");
        let whole = fields.iter().any(|field| *field == path || path.starts_with(&format!("{field}.")));
        let below = fields.iter().any(|field| field.starts_with(&format!("{path}.")));
        if whole {
            kept.insert(key.clone(), value.clone());
        } else if below && let Some(value) = chosen_value(value, &path, fields) {
            kept.insert(key.clone(), value);
        }
    }
    kept
}

fn chosen_value(value: &Value, path: &str, fields: &[String]) -> Option<Value> {
    match value {
        Value::Object(object) => {
            let kept = chosen(object, &format!("{path}."), fields);
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(values) => {
            let kept: Vec<_> = values.iter().filter_map(|value| chosen_value(value, path, fields)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}

fn highlights(name: &str, query: &Query, unit: &Unit<'_>) -> BTreeMap<String, Vec<String>> {
    let mut texts = Vec::new();
    looked_for(query, &mut texts);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (text, words) in texts {
        let wanted = words_of(text);
        for field in fields(words, unit.mapping) {
            let Some(outer) = field.strip_suffix(name).and_then(|field| field.strip_suffix('.')) else {
                continue;
            };
            let marked: Vec<_> = unit.texts(&field).iter().filter_map(|text| marked(text, &wanted)).collect();
            if !marked.is_empty() {
                found.insert(outer.to_owned(), marked);
            }
        }
    }
    found
}

fn looked_for<'q>(query: &'q Query, texts: &mut Vec<(&'q str, &'q Words)>) {
    match query {
        Query::And(queries) | Query::Or(queries) => queries.iter().for_each(|query| looked_for(query, texts)),
        Query::Text { text, words } => texts.push((text, words)),
        _ => {}
    }
}

fn marked(text: &str, wanted: &[String]) -> Option<String> {
    let is = |part: &str| words_of(part).iter().any(|word| wanted.contains(word));
    let mark = |part: &str| if is(part) { format!("<em>{part}</em>") } else { part.to_owned() };
    text.unicode_words().any(is).then(|| text.split_word_bounds().map(mark).collect())
}
