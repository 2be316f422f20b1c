//! A search as the questions that it becomes: one for itself, and one for each filter at its top in which
//! every value of a field is counted. A `composite`, the only complete count of all values, may not stand
//! below a filter in Elasticsearch 7 and OpenSearch 1; as a question of its own it may.

use search::{Aggregate, Aggregates, Aggregation, Aggregations, Query, Scalar, Search, SearchError, Source};
use serde_json::Value;

use crate::lower::PAGE;

/// A question of its own.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The names of the filters above it.
    pub(crate) within: Vec<String>,
    pub(crate) search: Search,
}

/// The questions of a search, the first for its hits.
pub(crate) fn parts(search: &Search) -> Vec<Part> {
    let mut parts = Vec::new();
    split(Vec::new(), search, &mut parts);
    parts
}

fn split(within: Vec<String>, search: &Search, parts: &mut Vec<Part>) {
    let mut own = search.clone();
    own.aggregations.retain(|_, aggregation| filter_of(aggregation).is_none());
    parts.push(Part { within: within.clone(), search: own });
    for (name, aggregation) in &search.aggregations {
        if let Some((filter, then)) = filter_of(aggregation) {
            let query = Query::and([search.query.clone(), filter.clone()]);
            let below = Search { source: Source::None, ..Search::counting(query, then.clone()) };
            split([within.as_slice(), std::slice::from_ref(name)].concat(), &below, parts);
        }
    }
}

fn filter_of(aggregation: &Aggregation) -> Option<(&Query, &Aggregations)> {
    match aggregation {
        Aggregation::Filtered { query, then } if then.values().any(counts_all) => Some((query, then)),
        _ => None,
    }
}

fn counts_all(aggregation: &Aggregation) -> bool {
    match aggregation {
        Aggregation::Values { .. } => true,
        Aggregation::Nested { then, .. } | Aggregation::Filtered { then, .. } => {
            then.values().any(counts_all)
        }
        _ => false,
    }
}

/// Puts what a part counted to where it belongs.
///
/// # Errors
/// A part comes before the one around it.
pub(crate) fn join(
    all: &mut Aggregates,
    within: &[String],
    count: u64,
    then: Aggregates,
) -> Result<(), SearchError> {
    match within {
        [] => all.extend(then),
        [name] => drop(all.insert(name.clone(), Aggregate::Within { count, then })),
        [name, rest @ ..] => match all.get_mut(name) {
            Some(Aggregate::Within { then: inner, .. }) => join(inner, rest, count, then)?,
            _ => return Err(SearchError::Failed("a filter has no count".into())),
        },
    }
    Ok(())
}

/// A count of values that has more pages.
#[derive(Debug)]
pub(crate) struct Unfinished<'a> {
    /// Names and paths of the nested objects above it.
    pub(crate) nested: Vec<(String, String)>,
    pub(crate) name: String,
    pub(crate) values: &'a Aggregation,
    /// Where the next page begins.
    pub(crate) after: Value,
}

/// What is not complete in the `aggregations` of an answer.
pub(crate) fn unfinished<'a>(asked: &'a Aggregations, answer: &Value) -> Vec<Unfinished<'a>> {
    let mut found = Vec::new();
    look(asked, answer, &[], &mut found);
    found
}

fn look<'a>(
    asked: &'a Aggregations,
    answer: &Value,
    above: &[(String, String)],
    found: &mut Vec<Unfinished<'a>>,
) {
    for (name, aggregation) in asked {
        let Some(own) = answer.get(name) else { continue };
        match aggregation {
            Aggregation::Values { .. } => {
                if let Some(after) = next(own) {
                    let (nested, name) = (above.to_vec(), name.clone());
                    found.push(Unfinished { nested, name, values: aggregation, after });
                }
            }
            Aggregation::Nested { path, then } => {
                let above = [above, &[(name.clone(), path.clone())]].concat();
                look(then, own, &above, found);
            }
            _ => {}
        }
    }
}

/// A count of numbers or booleans: a `composite` counts a document as often as it has a value.
#[derive(Debug)]
pub(crate) struct Repeating<'a> {
    /// Names and paths of the nested objects above it.
    pub(crate) nested: Vec<(String, String)>,
    pub(crate) name: String,
    pub(crate) values: &'a Aggregation,
    /// How many values there are.
    pub(crate) length: usize,
}

/// Counts in which a document may have been counted twice for a value.
pub(crate) fn repeating<'a>(asked: &'a Aggregations, counted: &Aggregates) -> Vec<Repeating<'a>> {
    let mut found = Vec::new();
    look_for_repeating(asked, counted, &[], &mut found);
    found
}

fn look_for_repeating<'a>(
    asked: &'a Aggregations,
    counted: &Aggregates,
    above: &[(String, String)],
    found: &mut Vec<Repeating<'a>>,
) {
    for (name, aggregation) in asked {
        match (aggregation, counted.get(name)) {
            (Aggregation::Values { .. }, Some(Aggregate::Values(buckets))) => {
                let text = |bucket: &search::Bucket| {
                    !matches!(&bucket.key, Some(Scalar::Number(_) | Scalar::Boolean(_)))
                };
                if !buckets.iter().all(text) {
                    let (nested, name, length) = (above.to_vec(), name.clone(), buckets.len());
                    found.push(Repeating { nested, name, values: aggregation, length });
                }
            }
            (Aggregation::Nested { path, then }, Some(Aggregate::Within { then: counted, .. })) => {
                let above = [above, &[(name.clone(), path.clone())]].concat();
                look_for_repeating(then, counted, &above, found);
            }
            _ => {}
        }
    }
}

/// Where the page after this one begins, if there may be one.
pub(crate) fn next(own: &Value) -> Option<Value> {
    let full = own["buckets"].as_array().is_some_and(|buckets| buckets.len() >= PAGE);
    own.get("after_key").filter(|_| full).cloned()
}

/// What an answer says of an aggregation below nested objects.
pub(crate) fn own<'v>(answer: &'v Value, nested: &[(String, String)], name: &str) -> Option<&'v Value> {
    inside(answer, nested)?.get(name)
}

/// What an answer says of what is below nested objects.
pub(crate) fn inside<'v>(answer: &'v Value, nested: &[(String, String)]) -> Option<&'v Value> {
    nested.iter().try_fold(answer, |inner, (name, _)| inner.get(name))
}

/// The buckets that are there already.
pub(crate) fn buckets_of<'g>(
    aggregates: &'g mut Aggregates,
    nested: &[(String, String)],
    name: &str,
) -> Option<&'g mut Vec<search::Bucket>> {
    match nested {
        [] => match aggregates.get_mut(name) {
            Some(Aggregate::Values(buckets)) => Some(buckets),
            _ => None,
        },
        [(outer, _), rest @ ..] => match aggregates.get_mut(outer) {
            Some(Aggregate::Within { then, .. }) => buckets_of(then, rest, name),
            _ => None,
        },
    }
}

/// Puts buckets into the order that was asked for.
pub(crate) fn order(buckets: &mut [search::Bucket], values: &Aggregation) {
    let Aggregation::Values { descending, .. } = values else { return };
    buckets.sort_by(|one, other| compare(one.key.as_ref(), other.key.as_ref()));
    if *descending {
        buckets.reverse();
    }
}

/// What has no value comes before all; of one field, all values are of one kind.
fn compare(one: Option<&Scalar>, other: Option<&Scalar>) -> std::cmp::Ordering {
    match (one, other) {
        (Some(Scalar::Number(one)), Some(Scalar::Number(other))) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default()),
        },
        (Some(Scalar::Boolean(one)), Some(Scalar::Boolean(other))) => one.cmp(other),
        (Some(Scalar::Text(one)), Some(Scalar::Text(other))) => one.cmp(other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}
