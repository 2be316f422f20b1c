//! What is counted over the documents of a search.

use std::collections::BTreeMap;

use crate::query::{Query, Scalar};

/// Aggregations by names of the caller's.
pub type Aggregations = BTreeMap<String, Aggregation>;
/// Their results, by the same names.
pub type Aggregates = BTreeMap<String, Aggregate>;

/// What is counted. Counts are exact counts of documents, or of nested objects below [`Aggregation::Nested`].
///
/// Fields are whole paths. A field that no mapping has is one that no document has.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregation {
    /// Every value of a field, however many there are. A document counts once for each of its distinct
    /// values.
    Values {
        /// A keyword, number or boolean.
        field: String,
        /// Whether documents without the field make a bucket of their own.
        missing: bool,
        /// Values are in descending order; that without a value comes last. Otherwise they ascend, and it
        /// comes first. Text is compared by its bytes.
        descending: bool,
        /// What is counted in each bucket.
        then: Aggregations,
    },
    /// The most frequent values, ties in ascending order of the value.
    Top {
        /// A keyword, number or boolean.
        field: String,
        /// How many buckets, counted after `skip`.
        size: usize,
        /// How many are left out at the front.
        skip: usize,
        /// Only values that contain this, in any case.
        containing: Option<String>,
        /// What is counted in each bucket.
        then: Aggregations,
    },
    /// Bins of equal width that begin at `offset + n × interval`. All bins between the first and the last
    /// that have documents, empty ones included.
    Histogram {
        /// A number.
        field: String,
        /// The width, finite and above 0.
        interval: f64,
        /// Where a bin begins.
        offset: f64,
        /// What is counted in each bin.
        then: Aggregations,
    },
    /// Figures over all values of a number.
    Stats(String),
    /// How many values a field has.
    Count(String),
    /// How many distinct values a field has. An estimate where the engine estimates.
    Distinct {
        /// A keyword, number or boolean.
        field: String,
        /// Up to about this many the engine should be exact.
        precision: u64,
    },
    /// How many documents lack a field, and what is counted over them.
    Missing {
        /// Any field.
        field: String,
        /// What is counted.
        then: Aggregations,
    },
    /// Goes down to nested objects.
    Nested {
        /// The whole path.
        path: String,
        /// What is counted over them.
        then: Aggregations,
    },
    /// Only over the documents that match as well. At the top level only: within nested objects it is about
    /// the object.
    Filtered {
        /// About the documents that are counted here.
        query: Query,
        /// What is counted over them.
        then: Aggregations,
    },
}

/// The result of an aggregation.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// Of [`Aggregation::Values`].
    Values(Vec<Bucket>),
    /// Of [`Aggregation::Top`].
    Top {
        /// The buckets.
        buckets: Vec<Bucket>,
        /// The counts of all buckets that are not shown.
        others: u64,
    },
    /// Of [`Aggregation::Histogram`].
    Histogram(Vec<Bin>),
    /// Of [`Aggregation::Stats`].
    Stats(Stats),
    /// Of [`Aggregation::Count`] and [`Aggregation::Distinct`].
    Count(u64),
    /// Of [`Aggregation::Missing`], [`Aggregation::Nested`] and [`Aggregation::Filtered`].
    Within {
        /// How many documents or objects.
        count: u64,
        /// What was counted over them.
        then: Aggregates,
    },
}

/// A value and how many documents have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// `None`: the documents without the field.
    pub key: Option<Scalar>,
    /// Of documents.
    pub count: u64,
    /// What was counted over them.
    pub then: Aggregates,
}

/// A bin of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// Where it begins.
    pub key: f64,
    /// Of documents.
    pub count: u64,
    /// What was counted over them.
    pub then: Aggregates,
}

/// Figures over values. Without a value, `min`, `max` and `avg` are absent and `sum` is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// How many values.
    pub count: u64,
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// Their mean.
    pub avg: Option<f64>,
    /// Their sum.
    pub sum: f64,
}
