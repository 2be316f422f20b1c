//! Aggregates.

use search::{Aggregate, Aggregates, Aggregation, Aggregations, Bin, Bucket, Scalar, SearchError, Stats};
use serde_json::{Number, Value};

use super::errors::unexpected;
use crate::lower::{KEY, missing_name};

/// What a server counted, by the names of what was asked. It says nothing of what is below nothing.
pub(crate) fn aggregates(asked: &Aggregations, answer: &Value) -> Result<Aggregates, SearchError> {
    let read = |(name, aggregation): (&String, &Aggregation)| {
        let aggregate = match answer.get(name) {
            None => empty(aggregation),
            Some(own) => one(aggregation, own, answer.get(missing_name(name)))?,
        };
        Ok((name.clone(), aggregate))
    };
    asked.iter().map(read).collect()
}

/// What is counted over nothing.
fn empty(aggregation: &Aggregation) -> Aggregate {
    match aggregation {
        Aggregation::Values { .. } => Aggregate::Values(Vec::new()),
        Aggregation::Top { .. } => Aggregate::Top { buckets: Vec::new(), others: 0 },
        Aggregation::Histogram { .. } => Aggregate::Histogram(Vec::new()),
        Aggregation::Stats(_) => Aggregate::Stats(Stats::default()),
        Aggregation::Count(_) | Aggregation::Distinct { .. } => Aggregate::Count(0),
        Aggregation::Missing { then, .. }
        | Aggregation::Nested { then, .. }
        | Aggregation::Filtered { then, .. } => {
            let then = then.iter().map(|(name, inner)| (name.clone(), empty(inner))).collect();
            Aggregate::Within { count: 0, then }
        }
    }
}

fn one(asked: &Aggregation, own: &Value, missing: Option<&Value>) -> Result<Aggregate, SearchError> {
    Ok(match asked {
        Aggregation::Values { then, .. } if own["sum_other_doc_count"].is_null() => {
            Aggregate::Values(page(own, then)?)
        }
        Aggregation::Values { then, descending, .. } => {
            if own["sum_other_doc_count"].as_u64().unwrap_or(0) > 0 {
                return Err(SearchError::Refused(
                    "a field has more values than can be counted here".to_owned(),
                ));
            }
            let mut buckets = terms(own, then)?;
            if let Some(missing) = missing.filter(|missing| missing["doc_count"] != 0) {
                let place = if *descending { buckets.len() } else { 0 };
                buckets.insert(place, bucket(None, missing, then)?);
            }
            Aggregate::Values(buckets)
        }
        Aggregation::Top { size, skip, then, .. } => {
            let buckets = terms(own, then)?;
            let others = own["sum_other_doc_count"].as_u64().unwrap_or(0);
            let all = others + buckets.iter().map(|bucket| bucket.count).sum::<u64>();
            let buckets: Vec<_> = buckets.into_iter().skip(*skip).take(*size).collect();
            let shown = buckets.iter().map(|bucket| bucket.count).sum::<u64>();
            Aggregate::Top { buckets, others: all.saturating_sub(shown) }
        }
        Aggregation::Histogram { then, .. } => {
            let bins = array(own)?.iter().map(|value| {
                let key = value["key"].as_f64().ok_or_else(|| unexpected("key of a bin"))?;
                Ok(Bin { key, count: count(value)?, then: aggregates(then, value)? })
            });
            Aggregate::Histogram(bins.collect::<Result<_, SearchError>>()?)
        }
        Aggregation::Stats(_) => Aggregate::Stats(stats(own)?),
        Aggregation::Count(_) | Aggregation::Distinct { .. } => {
            // `value_count` was a float here and there.
            let value = own["value"].as_u64().or_else(|| own["value"].as_f64().map(|value| value as u64));
            Aggregate::Count(value.ok_or_else(|| unexpected("value of an aggregation"))?)
        }
        Aggregation::Missing { then, .. }
        | Aggregation::Nested { then, .. }
        | Aggregation::Filtered { then, .. } => {
            Aggregate::Within { count: count(own)?, then: aggregates(then, own)? }
        }
    })
}

/// The buckets of a page of a `composite`.
pub(crate) fn page(own: &Value, then: &Aggregations) -> Result<Vec<Bucket>, SearchError> {
    let read = |value: &Value| bucket(scalar(&value["key"][KEY], None), value, then);
    array(own)?.iter().map(read).collect()
}

fn terms(own: &Value, then: &Aggregations) -> Result<Vec<Bucket>, SearchError> {
    let read = |value: &Value| {
        let text = value["key_as_string"].as_str();
        bucket(scalar(&value["key"], text), value, then)
    };
    array(own)?.iter().map(read).collect()
}

/// A bucket with its count and what is below it.
fn bucket(key: Option<Scalar>, value: &Value, then: &Aggregations) -> Result<Bucket, SearchError> {
    Ok(Bucket { key, count: count(value)?, then: aggregates(then, value)? })
}

/// A key. Booleans are 0 and 1 with a text beside them, or themselves.
fn scalar(key: &Value, text: Option<&str>) -> Option<Scalar> {
    match (key, text) {
        (Value::Number(_), Some("true")) | (Value::Bool(true), _) => Some(Scalar::Boolean(true)),
        (Value::Number(_), Some("false")) | (Value::Bool(false), _) => Some(Scalar::Boolean(false)),
        (Value::Number(number), _) => Some(Scalar::Number(number.clone())),
        (Value::String(text), _) => Some(Scalar::Text(text.clone())),
        _ => None,
    }
}

/// How many documents a bucket has.
fn count(value: &Value) -> Result<u64, SearchError> {
    value["doc_count"].as_u64().ok_or_else(|| unexpected("number of documents"))
}

fn array(own: &Value) -> Result<&Vec<Value>, SearchError> {
    own["buckets"].as_array().ok_or_else(|| unexpected("buckets"))
}

fn stats(own: &Value) -> Result<Stats, SearchError> {
    let number = |name: &str| own[name].as_number().and_then(Number::as_f64);
    let count = own["count"].as_u64().ok_or_else(|| unexpected("count of values"))?;
    if count == 0 {
        return Ok(Stats::default());
    }
    let sum = number("sum").ok_or_else(|| unexpected("sum of values"))?;
    Ok(Stats { count, min: number("min"), max: number("max"), avg: number("avg"), sum })
}
