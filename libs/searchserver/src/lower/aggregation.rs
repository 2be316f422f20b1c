//! Aggregations.

use search::{Aggregation, Aggregations};
use serde_json::{Map, Value, json};

use super::query::{object, query};

/// How many buckets a server makes at most in one answer (`search.max_buckets`).
const MOST_BUCKETS: usize = 65_535;
/// How many more buckets each shard gives than are asked for, so that the sum over shards is exact.
const SPARE: usize = 10_000;
/// What a server takes at most for `precision_threshold`.
const MOST_PRECISION: u64 = 40_000;

/// The name of the value in a bucket of a `composite`.
pub(crate) const KEY: &str = "value";
/// How many buckets a page of a `composite` has.
pub(crate) const PAGE: usize = 10_000;

/// Where an aggregation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the top, or below nested objects only: a `composite` may stand here.
    Pageable,
    /// Below buckets.
    Below,
}

/// The `aggs` of a search. [`Aggregation::Values`] is the first page of a `composite` where servers let one
/// stand, and elsewhere `terms` with as many buckets as fit into an answer.
pub(crate) fn aggregations(aggregations: &Aggregations) -> Value {
    several(aggregations, Place::Pageable)
}

/// A page of one aggregation below nested objects, whose names and paths these are.
pub(crate) fn page(nested: &[(String, String)], name: &str, values: &Aggregation, after: &Value) -> Value {
    let mut aggs = object(name, one(values, Place::Pageable));
    aggs[name]["composite"]["after"] = after.clone();
    nested
        .iter()
        .rev()
        .fold(aggs, |inner, (name, path)| object(name, json!({"nested": {"path": path}, "aggs": inner})))
}

/// One aggregation below nested objects as `terms`: those of the values that are in one of several parts.
pub(crate) fn part(
    nested: &[(String, String)],
    name: &str,
    values: &Aggregation,
    (part, parts): (usize, usize),
) -> Value {
    let mut aggs = several(&[(name.to_owned(), values.clone())].into(), Place::Below);
    if parts > 1 {
        aggs[name]["terms"]["include"] = json!({"partition": part, "num_partitions": parts});
    }
    nested
        .iter()
        .rev()
        .fold(aggs, |inner, (name, path)| object(name, json!({"nested": {"path": path}, "aggs": inner})))
}

fn several(aggregations: &Aggregations, place: Place) -> Value {
    let mut lowered = Map::new();
    for (name, aggregation) in aggregations {
        lowered.insert(name.clone(), one(aggregation, place));
        if let (Place::Below, Aggregation::Values { field, missing: true, then, .. }) = (place, aggregation) {
            lowered.insert(missing_name(name), with(without(field), then, Place::Below));
        }
    }
    lowered.into()
}

/// The name of the aggregation over the documents that have no value, beside the one over the values.
pub(crate) fn missing_name(name: &str) -> String {
    // No name of a caller's has this letter.
    format!("{name}\u{1}missing")
}

fn one(aggregation: &Aggregation, place: Place) -> Value {
    match aggregation {
        Aggregation::Values { field, missing, descending, then } => {
            let order = if *descending { "desc" } else { "asc" };
            let counted = match place {
                Place::Pageable => {
                    let mut terms = json!({"field": field, "order": order});
                    if *missing {
                        terms["missing_bucket"] = true.into();
                    }
                    json!({"composite": {"size": PAGE, "sources": [{KEY: {"terms": terms}}]}})
                }
                Place::Below => {
                    json!({"terms": {"field": field, "size": MOST_BUCKETS, "order": {"_key": order}}})
                }
            };
            with(counted, then, Place::Below)
        }
        Aggregation::Top { field, size, skip, containing, then } => {
            // A server makes no list of no bucket.
            let size = skip.saturating_add(*size).clamp(1, MOST_BUCKETS);
            let mut terms = json!({
                "field": field, "size": size, "shard_size": size.saturating_add(SPARE),
                "order": [{"_count": "desc"}, {"_key": "asc"}],
            });
            if let Some(part) = containing {
                terms["include"] = format!(".*{}.*", in_any_case(part)).into();
            }
            with(json!({"terms": terms}), then, Place::Below)
        }
        Aggregation::Histogram { field, interval, offset, then } => {
            let histogram = json!({
                "field": field, "interval": interval, "offset": offset, "min_doc_count": 0,
            });
            with(json!({"histogram": histogram}), then, Place::Below)
        }
        Aggregation::Stats(field) => json!({"stats": {"field": field}}),
        Aggregation::Count(field) => json!({"value_count": {"field": field}}),
        Aggregation::Distinct { field, precision } => {
            let precision = precision.min(&MOST_PRECISION);
            json!({"cardinality": {"field": field, "precision_threshold": precision}})
        }
        Aggregation::Missing { field, then } => with(without(field), then, Place::Below),
        Aggregation::Nested { path, then } => with(json!({"nested": {"path": path}}), then, place),
        Aggregation::Filtered { query: filter, then } => {
            with(json!({"filter": query(filter)}), then, Place::Below)
        }
    }
}

fn with(mut aggregation: Value, then: &Aggregations, place: Place) -> Value {
    if !then.is_empty() {
        aggregation["aggs"] = several(then, place);
    }
    aggregation
}

/// The documents without a field. `missing` would say it shorter, but loses nested objects below it where a
/// document stands in several buckets (seen in Elasticsearch 7.10 and OpenSearch 1 to 3).
fn without(field: &str) -> Value {
    json!({"filter": {"bool": {"must_not": [{"exists": {"field": field}}]}}})
}

/// A regular expression of Lucene for a text in any case.
fn in_any_case(text: &str) -> String {
    let letter = |letter: char| {
        let lower: String = letter.to_lowercase().collect();
        let upper: String = letter.to_uppercase().collect();
        let forms = [letter.to_string(), lower, upper];
        if forms.iter().all(|form| *form == forms[0]) {
            return escaped(&forms[0]);
        }
        format!("({}|{}|{})", escaped(&forms[0]), escaped(&forms[1]), escaped(&forms[2]))
    };
    text.chars().map(letter).collect()
}

fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        letter if letter.is_alphanumeric() => letter.to_string(),
        letter => format!("\\{letter}"),
    };
    text.chars().map(escape).collect()
}
