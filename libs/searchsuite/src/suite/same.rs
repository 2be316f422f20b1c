//! Whether two answers say the same.

use search::{Aggregate, Aggregates, Bin, Bucket, Found, Hit, Scalar, SearchError, Stats};

use crate::naive::compare;

/// What is different in an answer; nothing if it is right.
pub(super) fn difference(
    own: &Result<Found, SearchError>,
    right: &Result<Found, SearchError>,
) -> Option<String> {
    match (own, right) {
        (Ok(own), Ok(right)) => found(own, right),
        (Err(own), Err(right)) => {
            let alike = std::mem::discriminant(own) == std::mem::discriminant(right);
            (!alike).then(|| format!("it fails with {own:?} and should with {right:?}"))
        }
        (Err(own), Ok(_)) => Some(format!("it fails: {own:?}")),
        (Ok(_), Err(right)) => Some(format!("it answers and should fail with {right:?}")),
    }
}

fn found(own: &Found, right: &Found) -> Option<String> {
    if own.total != right.total {
        return Some(format!("there are {} documents and should be {}", own.total, right.total));
    }
    hits(&own.hits, &right.hits).or_else(|| aggregates(&own.aggregates, &right.aggregates, "aggregations"))
}

/// What is different in hits, but for their positions.
pub(super) fn hits(own: &[Hit], right: &[Hit]) -> Option<String> {
    let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>();
    if ids(own) != ids(right) {
        return Some(format!("the hits are {:?} and should be {:?}", ids(own), ids(right)));
    }
    own.iter().zip(right).find_map(|(own, right)| {
        if own.source != right.source {
            return Some(format!("the source is {:?} and should be {:?}", own.source, right.source));
        }
        let different = own.highlights != right.highlights;
        different.then(|| format!("{:?} is marked and should be {:?}", own.highlights, right.highlights))
    })
}

fn aggregates(own: &Aggregates, right: &Aggregates, place: &str) -> Option<String> {
    let names = |aggregates: &Aggregates| aggregates.keys().cloned().collect::<Vec<_>>();
    if names(own) != names(right) {
        return Some(format!("{place}: there is {:?} and should be {:?}", names(own), names(right)));
    }
    own.iter()
        .zip(right)
        .find_map(|((name, own), (_, right))| aggregate(own, right, &format!("{place}.{name}")))
}

fn aggregate(own: &Aggregate, right: &Aggregate, place: &str) -> Option<String> {
    match (own, right) {
        (Aggregate::Values(own), Aggregate::Values(right)) => buckets(own, right, place),
        (
            Aggregate::Top { buckets: own, others: own_others },
            Aggregate::Top { buckets: right, others: right_others },
        ) => buckets(own, right, place).or_else(|| equal("others", own_others, right_others, place)),
        (Aggregate::Histogram(own), Aggregate::Histogram(right)) => bins(own, right, place),
        (Aggregate::Stats(own), Aggregate::Stats(right)) => {
            (!stats(own, right)).then(|| format!("{place}: {own:?} should be {right:?}"))
        }
        (Aggregate::Count(own), Aggregate::Count(right)) => equal("count", own, right, place),
        (
            Aggregate::Within { count: own_count, then: own },
            Aggregate::Within { count: right_count, then: right },
        ) => equal("count", own_count, right_count, place).or_else(|| aggregates(own, right, place)),
        _ => Some(format!("{place}: {own:?} should be {right:?}")),
    }
}

fn equal(what: &str, own: &u64, right: &u64, place: &str) -> Option<String> {
    (own != right).then(|| format!("{place}: the {what} is {own} and should be {right}"))
}

fn buckets(own: &[Bucket], right: &[Bucket], place: &str) -> Option<String> {
    let told = |buckets: &[Bucket]| -> Vec<(Option<Scalar>, u64)> {
        buckets.iter().map(|bucket| (bucket.key.clone(), bucket.count)).collect()
    };
    let alike = own.len() == right.len()
        && own.iter().zip(right).all(|(own, right)| {
            own.count == right.count
                && match (&own.key, &right.key) {
                    (None, None) => true,
                    (Some(own), Some(right)) => compare(own, right).is_eq(),
                    _ => false,
                }
        });
    if !alike {
        return Some(format!("{place}: {:?} should be {:?}", told(own), told(right)));
    }
    own.iter()
        .zip(right)
        .find_map(|(own, right)| aggregates(&own.then, &right.then, &format!("{place}[{:?}]", own.key)))
}

fn bins(own: &[Bin], right: &[Bin], place: &str) -> Option<String> {
    let told = |bins: &[Bin]| bins.iter().map(|bin| (bin.key, bin.count)).collect::<Vec<_>>();
    let alike = own.len() == right.len()
        && own.iter().zip(right).all(|(own, right)| own.count == right.count && near(own.key, right.key));
    if !alike {
        return Some(format!("{place}: {:?} should be {:?}", told(own), told(right)));
    }
    own.iter()
        .zip(right)
        .find_map(|(own, right)| aggregates(&own.then, &right.then, &format!("{place}[{}]", own.key)))
}

fn stats(own: &Stats, right: &Stats) -> bool {
    let maybe = |own: Option<f64>, right: Option<f64>| match (own, right) {
        (None, None) => true,
        (Some(own), Some(right)) => near(own, right),
        _ => false,
    };
    own.count == right.count
        && near(own.sum, right.sum)
        && maybe(own.min, right.min)
        && maybe(own.max, right.max)
        && maybe(own.avg, right.avg)
}

/// Sums depend on the order in which they are made.
fn near(own: f64, right: f64) -> bool {
    (own - right).abs() <= 1e-9 * own.abs().max(right.abs()).max(1.0)
}
