//! Figures over numbers: stats and histograms.

use search::{Aggregations, Bin, SearchError, Stats};

use super::{
    buckets::{Groups, Hashed},
    count, numeric, too_many,
};
use crate::{chosen::Chosen, filter::uncountable};

/// More bins of one histogram are refused.
const MOST_BINS: f64 = 100_000.0;

/// Figures over all values of a number.
pub(super) fn stats(chosen: &Chosen<'_>, field: &str) -> Result<Stats, SearchError> {
    let Some(kind) = numeric(chosen, field, "stats")? else { return Ok(Stats::default()) };
    let mut sum = Sum::default();
    let (mut count, mut least, mut most) = (0, u64::MAX, 0);
    for (at, values) in chosen.columns(field)?.iter().enumerate() {
        let Some(values) = values else { continue };
        chosen.values(at, values, |values| {
            count += values.len() as u64;
            for value in values {
                least = least.min(*value);
                most = most.max(*value);
                sum.add(kind.figure(*value));
            }
        })?;
    }
    if count == 0 {
        return Ok(Stats::default());
    }
    let sum = sum.total();
    let (min, max) = (Some(kind.figure(least)), Some(kind.figure(most)));
    Ok(Stats { count, min, max, avg: Some(sum / count as f64), sum })
}

/// A sum that keeps what single additions lose (Kahan), as Elasticsearch adds.
#[derive(Default)]
struct Sum {
    value: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let corrected = value - self.lost;
        let updated = self.value + corrected;
        self.lost = (updated - self.value) - corrected;
        self.value = updated;
    }

    fn total(&self) -> f64 {
        self.value
    }
}

/// How many values a field has.
pub(super) fn values(chosen: &Chosen<'_>, field: &str) -> Result<u64, SearchError> {
    if let Some(fault) = chosen.leaf(field).and_then(uncountable) {
        return Err(fault);
    }
    let mut count = 0;
    for (at, values) in chosen.columns(field)?.iter().enumerate() {
        if let Some(values) = values {
            chosen.values(at, values, |values| count += values.len() as u64)?;
        }
    }
    Ok(count)
}

/// Bins of equal width.
pub(super) fn histogram(
    chosen: &Chosen<'_>,
    field: &str,
    interval: f64,
    offset: f64,
    then: &Aggregations,
) -> Result<Vec<Bin>, SearchError> {
    if !(interval.is_finite() && interval > 0.0 && offset.is_finite()) {
        return Err(SearchError::Refused(
            "[interval] must be >0 for histogram aggregation [histogram]".to_owned(),
        ));
    }
    let Some(kind) = numeric(chosen, field, "histogram")? else { return Ok(Vec::new()) };
    let columns = chosen.columns(field)?;
    let (mut least, mut most) = (u64::MAX, 0);
    for (at, values) in columns.iter().enumerate() {
        let Some(values) = values else { continue };
        chosen.values(at, values, |values| {
            for value in values {
                least = least.min(*value);
                most = most.max(*value);
            }
        })?;
    }
    if least > most {
        return Ok(Vec::new());
    }
    let bin = |value: u64| ((kind.figure(value) - offset) / interval).floor();
    let (first, last) = (bin(least), bin(most));
    // Also false where they are not finite.
    if !(last - first < MOST_BINS) {
        return Err(too_many());
    }
    let len = (last - first) as usize + 1;
    let at = |value: u64| ((bin(value) - first) as usize).min(len - 1);
    let key = |bin: usize| (first + bin as f64) * interval + offset;
    if then.is_empty() {
        let mut counts = vec![0; len];
        for (segment, values) in columns.iter().enumerate() {
            let Some(values) = values else { continue };
            if values.single() {
                chosen.values(segment, values, |values| values.iter().for_each(|v| counts[at(*v)] += 1))?;
                continue;
            }
            chosen.pairs(segment, values, |docs, values| {
                let mut before = None;
                for (doc, value) in docs.iter().zip(values) {
                    let now = Some((*doc, at(*value)));
                    if now != before {
                        counts[at(*value)] += 1;
                    }
                    before = now;
                }
            })?;
        }
        let bins = counts.into_iter().enumerate();
        return Ok(bins.map(|(bin, count)| Bin { key: key(bin), count, then: Default::default() }).collect());
    }
    let groups = Groups::new(chosen, &columns, |_, value| at(value) as u64, &Hashed::default())?;
    let mut bins = Vec::with_capacity(len);
    for bin in 0..len {
        let docs = groups.docs(bin as u64, chosen.docs.len());
        let within = chosen.some(docs);
        bins.push(Bin { key: key(bin), count: within.count(), then: count(&within, then)? });
    }
    Ok(bins)
}
