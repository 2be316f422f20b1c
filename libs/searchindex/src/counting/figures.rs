//! Figures over numbers: stats and histograms.

use search::{Aggregates, Bin, SearchError, Stats};

use super::buckets::{Below, Groups, Hashed, below, numeric, too_many};
use crate::{chosen::Chosen, column::Values, filter::uncountable, numbers::Numeric};

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
struct Bins {
    kind: Numeric,
    interval: f64,
    offset: f64,
    /// The number of the first one.
    first: f64,
    len: usize,
}

impl Bins {
    fn number(&self, value: u64) -> f64 {
        ((self.kind.figure(value) - self.offset) / self.interval).floor()
    }

    /// The place of a value's bin.
    fn at(&self, value: u64) -> usize {
        ((self.number(value) - self.first) as usize).min(self.len - 1)
    }

    fn key(&self, place: usize) -> f64 {
        (self.first + place as f64) * self.interval + self.offset
    }

    /// How many objects have a value in each. An object counts once in a bin.
    fn counts(&self, chosen: &Chosen<'_>, columns: &[Option<&Values>]) -> Result<Vec<u64>, SearchError> {
        let mut counts = vec![0; self.len];
        for (segment, values) in columns.iter().enumerate() {
            let Some(values) = values else { continue };
            if values.single() {
                chosen.values(segment, values, |values| {
                    values.iter().for_each(|value| counts[self.at(*value)] += 1);
                })?;
                continue;
            }
            chosen.pairs(segment, values, |docs, values| {
                let mut before = None;
                for (doc, value) in docs.iter().zip(values) {
                    let now = Some((*doc, self.at(*value)));
                    if now != before {
                        counts[self.at(*value)] += 1;
                    }
                    before = now;
                }
            })?;
        }
        Ok(counts)
    }
}

/// The least and the greatest value.
fn extent(chosen: &Chosen<'_>, columns: &[Option<&Values>]) -> Result<Option<(u64, u64)>, SearchError> {
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
    Ok((least <= most).then_some((least, most)))
}

/// Bins of equal width, from the first that has objects to the last.
pub(super) fn histogram(
    chosen: &Chosen<'_>,
    field: &str,
    interval: f64,
    offset: f64,
    then: Below<'_>,
) -> Result<Vec<Bin>, SearchError> {
    if !(interval.is_finite() && interval > 0.0 && offset.is_finite()) {
        let fault = "[interval] must be >0 for histogram aggregation [histogram]";
        return Err(SearchError::Refused(fault.to_owned()));
    }
    let Some(kind) = numeric(chosen, field, "histogram")? else { return Ok(Vec::new()) };
    let columns = chosen.columns(field)?;
    let Some((least, most)) = extent(chosen, &columns)? else { return Ok(Vec::new()) };
    let mut bins = Bins { kind, interval, offset, first: 0.0, len: 0 };
    bins.first = bins.number(least);
    let others = bins.number(most) - bins.first;
    // Not so either where they are not finite.
    if !(0.0..MOST_BINS).contains(&others) {
        return Err(too_many());
    }
    bins.len = others as usize + 1;
    let none = Aggregates::new;
    if then.is_none() {
        let counts = bins.counts(chosen, &columns)?.into_iter().enumerate();
        return Ok(counts.map(|(at, count)| Bin { key: bins.key(at), count, then: none() }).collect());
    }
    let groups = Groups::new(chosen, &columns, |_, value| bins.at(value) as u64, &Hashed::default())?;
    let mut made = Vec::with_capacity(bins.len);
    for at in 0..bins.len {
        let within = chosen.some(groups.docs(at as u64, chosen.docs.len()));
        made.push(Bin { key: bins.key(at), count: within.count(), then: below(then, &within)? });
    }
    Ok(made)
}
