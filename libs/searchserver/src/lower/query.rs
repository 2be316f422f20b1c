//! Queries.

use std::cmp::Ordering;

use search::{Query, Range, Scalar, Words};
use serde_json::{Map, Number, Value, json};

/// How many values a server takes in one `terms` query (`index.max_terms_count`).
const MOST_TERMS: usize = 65_536;

/// A query. Nothing scores: everything stands in filters.
pub(crate) fn query(query: &Query) -> Value {
    match query {
        Query::All => json!({"match_all": {}}),
        Query::None => json!({"match_none": {}}),
        Query::And(queries) if queries.is_empty() => json!({"match_all": {}}),
        Query::And(queries) => json!({"bool": {"filter": several(queries)}}),
        Query::Or(queries) => any(several(queries)),
        Query::Not(query) => json!({"bool": {"must_not": [self::query(query)]}}),
        Query::OneOf { field, values } => one_of(field, values),
        Query::Within { field, range } => within(field, range),
        Query::Exists(field) => json!({"exists": {"field": field}}),
        Query::Nested { path, query } => json!({"nested": {
            "path": path, "query": self::query(query), "score_mode": "none", "ignore_unmapped": true,
        }}),
        Query::Text { text, words } => match fields(words) {
            None => json!({"match_none": {}}),
            // Lenient: a word is looked for in numbers too, where it is one.
            Some(fields) => json!({"multi_match": {"query": text, "fields": fields, "lenient": true}}),
        },
        Query::Ids(ids) => json!({"ids": {"values": ids}}),
    }
}

fn several(queries: &[Query]) -> Vec<Value> {
    queries.iter().map(query).collect()
}

fn any(mut queries: Vec<Value>) -> Value {
    match queries.len() {
        0 => json!({"match_none": {}}),
        1 => queries.remove(0),
        _ => json!({"bool": {"should": queries, "minimum_should_match": 1}}),
    }
}

fn one_of(field: &str, values: &[Scalar]) -> Value {
    let clauses = values.chunks(MOST_TERMS).map(|chunk| {
        let values: Vec<_> = chunk.iter().map(scalar).collect();
        json!({"terms": object(field, values.into())})
    });
    any(clauses.collect())
}

fn within(field: &str, range: &Range) -> Value {
    // Of two limits on one side servers take the last.
    let (gt, gte) = stricter(range.gt.as_ref(), range.gte.as_ref(), Ordering::is_ge);
    let (lt, lte) = stricter(range.lt.as_ref(), range.lte.as_ref(), Ordering::is_le);
    let limits = [("gt", gt), ("gte", gte), ("lt", lt), ("lte", lte)];
    let limits =
        limits.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?.clone().into())));
    let limits: Map<_, _> = limits.collect();
    if limits.is_empty() {
        return json!({"exists": {"field": field}});
    }
    json!({"range": object(field, limits.into())})
}

/// Of a limit that excludes itself and one that does not, the one that limits more.
fn stricter<'n>(
    without: Option<&'n Number>,
    with: Option<&'n Number>,
    more: fn(Ordering) -> bool,
) -> (Option<&'n Number>, Option<&'n Number>) {
    match (without, with) {
        (Some(own), Some(other)) if more(compare(own, other)) => (Some(own), None),
        (Some(_), Some(other)) => (None, Some(other)),
        limits => limits,
    }
}

fn compare(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default()),
    }
}

fn fields(words: &Words) -> Option<Vec<String>> {
    match words {
        // Servers take no field for every field.
        Words::Fields(fields) if fields.is_empty() => None,
        Words::Fields(fields) => Some(fields.clone()),
        Words::EverySubfield(name) => Some(vec![format!("*.{name}")]),
        Words::Everywhere => Some(vec!["*".to_owned()]),
    }
}

/// A value as it stands in JSON.
fn scalar(value: &Scalar) -> Value {
    match value {
        Scalar::Text(text) => text.as_str().into(),
        Scalar::Number(number) => number.clone().into(),
        Scalar::Boolean(boolean) => (*boolean).into(),
    }
}

/// An object with one key.
pub(super) fn object(key: &str, value: Value) -> Value {
    Map::from_iter([(key.to_owned(), value)]).into()
}
