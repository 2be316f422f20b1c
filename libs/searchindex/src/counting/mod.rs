//! What is counted over documents.

mod buckets;
mod figures;

use search::{Aggregate, Aggregates, Aggregation, Aggregations, SearchError};

use self::buckets::Below;
use crate::{
    chosen::{Chosen, Docs},
    filter::matching,
};

/// Counts everything that is asked for.
pub(crate) fn count(chosen: &Chosen<'_>, aggregations: &Aggregations) -> Result<Aggregates, SearchError> {
    aggregations.iter().map(|(name, one)| Ok((name.clone(), aggregate(chosen, one)?))).collect()
}

/// Counts.
pub(crate) fn aggregate(chosen: &Chosen<'_>, aggregation: &Aggregation) -> Result<Aggregate, SearchError> {
    chosen.view.go_on()?;
    Ok(match aggregation {
        Aggregation::Values { field, missing, descending, then } => {
            let each = |chosen: &Chosen<'_>| count(chosen, then);
            let each: Below<'_> = if then.is_empty() { None } else { Some(&each) };
            Aggregate::Values(buckets::values(chosen, field, *missing, *descending, each)?)
        }
        Aggregation::Top { field, size, skip, containing, then } => {
            let each = |chosen: &Chosen<'_>| count(chosen, then);
            let each: Below<'_> = if then.is_empty() { None } else { Some(&each) };
            buckets::top(chosen, field, *skip, *size, containing.as_deref(), each)?
        }
        Aggregation::Histogram { field, interval, offset, then } => {
            let each = |chosen: &Chosen<'_>| count(chosen, then);
            let each: Below<'_> = if then.is_empty() { None } else { Some(&each) };
            Aggregate::Histogram(figures::histogram(chosen, field, *interval, *offset, each)?)
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
            let mut found = matching(chosen.view, query, &chosen.scope)?;
            for (at, (bits, own)) in found.iter_mut().zip(&chosen.docs).enumerate() {
                if !matches!(own, Docs::Whole(_)) {
                    let mut kept = crate::bits::Bits::none(chosen.view.segments[at].len());
                    chosen.blocks(at, |docs| docs.iter().for_each(|doc| kept.add(*doc)))?;
                    bits.keep(&kept);
                }
            }
            let filtered = Chosen::new(chosen.view, chosen.scope.clone(), found)?;
            Aggregate::Within { count: filtered.count(), then: count(&filtered, then)? }
        }
    })
}
