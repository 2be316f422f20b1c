//! What is counted over documents.

mod buckets;
mod figures;

use search::{Aggregate, Aggregates, Aggregation, Aggregations, SearchError};

use crate::{
    chosen::{Chosen, Docs},
    filter::{matching, uncountable},
    layout::Reading,
    numbers::Numeric,
};

/// More buckets in one answer are refused.
const MOST_BUCKETS: usize = 10_000_000;

/// Counts everything that is asked for.
pub(crate) fn count(chosen: &Chosen<'_>, aggregations: &Aggregations) -> Result<Aggregates, SearchError> {
    aggregations.iter().map(|(name, one)| Ok((name.clone(), aggregate(chosen, one)?))).collect()
}

/// Counts.
pub(crate) fn aggregate(chosen: &Chosen<'_>, aggregation: &Aggregation) -> Result<Aggregate, SearchError> {
    Ok(match aggregation {
        Aggregation::Values { field, missing, descending, then } => {
            Aggregate::Values(buckets::values(chosen, field, *missing, *descending, then)?)
        }
        Aggregation::Top { field, size, skip, containing, then } => {
            buckets::top(chosen, field, *skip, *size, containing.as_deref(), then)?
        }
        Aggregation::Histogram { field, interval, offset, then } => {
            Aggregate::Histogram(figures::histogram(chosen, field, *interval, *offset, then)?)
        }
        Aggregation::Stats(field) => Aggregate::Stats(figures::stats(chosen, field)?),
        Aggregation::Count(field) => Aggregate::Count(figures::values(chosen, field)?),
        Aggregation::Distinct { field, .. } => Aggregate::Count(buckets::distinct(chosen, field)?),
        Aggregation::Missing { field, then } => {
            let lacking = chosen.some(chosen.lacking(field)?);
            Aggregate::Within { count: lacking.count(), then: count(&lacking, then)? }
        }
        Aggregation::Nested { path, then } => {
            let nested = chosen.nested(path)?;
            Aggregate::Within { count: nested.count(), then: count(&nested, then)? }
        }
        Aggregation::Filtered { query, then } => {
            let mut found = matching(chosen.snapshot, query, &chosen.scope)?;
            for (at, (bits, own)) in found.iter_mut().zip(&chosen.docs).enumerate() {
                if !matches!(own, Docs::Whole(_)) {
                    let mut kept = crate::bits::Bits::none(chosen.snapshot.segments[at].len());
                    chosen.blocks(at, |docs| docs.iter().for_each(|doc| kept.add(*doc)))?;
                    bits.keep(&kept);
                }
            }
            let filtered = Chosen::new(chosen.snapshot, chosen.scope.clone(), found)?;
            Aggregate::Within { count: filtered.count(), then: count(&filtered, then)? }
        }
    })
}

/// How a number or boolean is read; `None` of a field that these objects do not have.
///
/// # Errors
/// The field is something else.
fn numeric(chosen: &Chosen<'_>, field: &str, asked: &str) -> Result<Option<Numeric>, SearchError> {
    let Some(leaf) = chosen.leaf(field) else { return Ok(None) };
    if let Some(fault) = uncountable(leaf) {
        return Err(fault);
    }
    match leaf.reading {
        Reading::Number { numeric, .. } => Ok(Some(numeric)),
        _ => Err(SearchError::Refused(format!(
            "Field [{field}] of type [keyword] is not supported for aggregation [{asked}]"
        ))),
    }
}

/// There are too many buckets.
fn too_many() -> SearchError {
    SearchError::Refused(format!(
        "Trying to create too many buckets. Must be less than or equal to: [{MOST_BUCKETS}]"
    ))
}
