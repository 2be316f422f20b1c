//! What is counted.

use std::collections::BTreeMap;

use search::{Aggregate, Aggregates, Aggregation, Aggregations, Bin, Bucket, Scalar, Stats};
use serde_json::Number;

use super::{
    matching::matches,
    values::{Unit, compare, float},
};

/// Counts over documents or nested objects.
pub(super) fn count(aggregations: &Aggregations, units: &[Unit<'_>]) -> Aggregates {
    aggregations.iter().map(|(name, aggregation)| (name.clone(), one(aggregation, units))).collect()
}

fn one(aggregation: &Aggregation, units: &[Unit<'_>]) -> Aggregate {
    match aggregation {
        Aggregation::Values { field, missing, descending, then } => {
            Aggregate::Values(values(field, *missing, *descending, then, units))
        }
        Aggregation::Top { field, size, skip, containing, then } => {
            let mut buckets = values(field, false, false, then, units);
            if let Some(part) = containing {
                let part = part.to_lowercase();
                buckets.retain(|bucket| {
                    bucket.key.as_ref().is_some_and(|key| text(key).to_lowercase().contains(&part))
                });
            }
            buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.count));
            let all: u64 = buckets.iter().map(|bucket| bucket.count).sum();
            let buckets: Vec<_> = buckets.into_iter().skip(*skip).take(*size).collect();
            let others = all - buckets.iter().map(|bucket| bucket.count).sum::<u64>();
            Aggregate::Top { buckets, others }
        }
        Aggregation::Histogram { field, interval, offset, then } => {
            Aggregate::Histogram(histogram(field, *interval, *offset, then, units))
        }
        Aggregation::Stats(field) => {
            let values = units.iter().flat_map(|unit| unit.values(field));
            let numbers: Vec<f64> = values.filter_map(|value| number(&value).map(float)).collect();
            Aggregate::Stats(stats(&numbers))
        }
        Aggregation::Count(field) => {
            Aggregate::Count(units.iter().map(|unit| unit.values(field).len() as u64).sum())
        }
        Aggregation::Distinct { field, .. } => Aggregate::Count(by_value(field, units).len() as u64),
        Aggregation::Missing { field, then } => within(units.iter().filter(|unit| !unit.has(field)), then),
        Aggregation::Nested { path, then } => {
            let inner: Vec<_> = units.iter().flat_map(|unit| unit.nested(path)).collect();
            within(inner.iter(), then)
        }
        Aggregation::Filtered { query, then } => {
            within(units.iter().filter(|unit| matches(query, unit)), then)
        }
    }
}

fn within<'a, 'u: 'a>(units: impl Iterator<Item = &'a Unit<'u>>, then: &Aggregations) -> Aggregate {
    let units: Vec<_> = units.cloned().collect();
    Aggregate::Within { count: units.len() as u64, then: count(then, &units) }
}

/// Every distinct value in ascending order, with the units that have it.
fn by_value<'u>(field: &str, units: &[Unit<'u>]) -> Vec<(Scalar, Vec<Unit<'u>>)> {
    let mut pairs: Vec<(Scalar, usize)> = Vec::new();
    for (place, unit) in units.iter().enumerate() {
        pairs.extend(unit.values(field).into_iter().map(|value| (value, place)));
    }
    pairs.sort_by(|one, other| compare(&one.0, &other.0).then(one.1.cmp(&other.1)));
    pairs.dedup_by(|one, other| one.1 == other.1 && compare(&one.0, &other.0).is_eq());
    let mut groups: Vec<(Scalar, Vec<Unit<'u>>)> = Vec::new();
    for (value, place) in pairs {
        match groups.last_mut() {
            Some((last, group)) if compare(last, &value).is_eq() => group.push(units[place].clone()),
            _ => groups.push((value, vec![units[place].clone()])),
        }
    }
    groups
}

fn values(
    field: &str,
    missing: bool,
    descending: bool,
    then: &Aggregations,
    units: &[Unit<'_>],
) -> Vec<Bucket> {
    let bucket =
        |key, units: &[Unit<'_>]| Bucket { key, count: units.len() as u64, then: count(then, units) };
    let mut buckets = Vec::new();
    let without: Vec<_> = units.iter().filter(|unit| unit.values(field).is_empty()).cloned().collect();
    if missing && !without.is_empty() {
        buckets.push(bucket(None, &without));
    }
    buckets.extend(by_value(field, units).into_iter().map(|(value, units)| bucket(Some(value), &units)));
    if descending {
        buckets.reverse();
    }
    buckets
}

fn histogram(field: &str, interval: f64, offset: f64, then: &Aggregations, units: &[Unit<'_>]) -> Vec<Bin> {
    let mut bins: BTreeMap<i64, Vec<Unit<'_>>> = BTreeMap::new();
    for unit in units {
        let values = unit.values(field);
        let places =
            values.iter().filter_map(number).map(|n| ((float(n) - offset) / interval).floor() as i64);
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().for_each(|place| bins.entry(place).or_default().push(unit.clone()));
    }
    let (Some(first), Some(last)) = (bins.keys().next().copied(), bins.keys().last().copied()) else {
        return Vec::new();
    };
    let bin = |place: i64| {
        let units = bins.get(&place).map(Vec::as_slice).unwrap_or_default();
        Bin { key: place as f64 * interval + offset, count: units.len() as u64, then: count(then, units) }
    };
    (first..=last).map(bin).collect()
}

fn stats(numbers: &[f64]) -> Stats {
    // The sum of nothing is -0.
    let sum = numbers.iter().sum::<f64>() + 0.0;
    let least = numbers.iter().copied().reduce(f64::min);
    let greatest = numbers.iter().copied().reduce(f64::max);
    let avg = (!numbers.is_empty()).then(|| sum / numbers.len() as f64);
    Stats { count: numbers.len() as u64, min: least, max: greatest, avg, sum }
}

fn number(value: &Scalar) -> Option<&Number> {
    if let Scalar::Number(number) = value { Some(number) } else { None }
}

fn text(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(boolean) => boolean.to_string(),
    }
}
