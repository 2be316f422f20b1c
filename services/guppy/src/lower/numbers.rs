//! Counts by bins of a number. Where its edges depend on the values, two steps are needed.

use graphql::Selected;
use search::{Aggregate, Aggregation, Aggregations, Query, Stats};
use serde_json::{Number, Value};

use super::{
    failure::Failure,
    parts::{BINS, Guarded, STATS, WITH},
    searches::{Answers, Searches},
    subs::Subs,
};
use crate::{access::Counts, schema::Meaning};

/// Bins in an answer.
const MOST_BINS: f64 = 10_000.0;

/// The arguments of a histogram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    step: Option<i64>,
    bins: Option<i64>,
}

impl Range {
    /// Reads them.
    ///
    /// # Errors
    /// They contradict one another, or ask for too many bins.
    pub(super) fn read(field: &Selected<'_, Meaning>) -> Result<Self, Failure> {
        let args = &field.args;
        let number = |name: &str| args.get(name).and_then(Value::as_i64);
        let positive = |name: &str| match args.get(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) if number > 0 => Ok(Some(number)),
                _ => Err(Failure::Input(format!("Invalid {name} {value}"))),
            },
        };
        let (step, bins) = (positive("rangeStep")?, positive("binCount")?);
        let (start, end) = (number("rangeStart"), number("rangeEnd"));
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Err(Failure::Input(format!("Invalid rangeStart ({start}) > rangeEnd ({end})")));
        }
        if step.is_some() && bins.is_some() {
            let message = "Invalid to set \"rangeStep\" and \"binCount\" at same time";
            return Err(Failure::Input(message.to_owned()));
        }
        match bins {
            Some(bins) if bins as f64 > MOST_BINS => Err(too_many(&format!("binCount {bins}"))),
            _ => Ok(Self { start, end, step, bins }),
        }
    }

    /// The condition that the limits are.
    pub(super) fn condition(&self, path: &str, nested: Option<&str>) -> Query {
        if self.start.is_none() && self.end.is_none() {
            return Query::All;
        }
        let (gte, lt) = (self.start.map(Number::from), self.end.map(Number::from));
        let range = search::Range { gte, lt, ..search::Range::default() };
        let within = Query::Within { field: path.to_owned(), range };
        match nested {
            None => within,
            Some(nested) => Query::Nested { path: nested.to_owned(), query: Box::new(within) },
        }
    }
}

fn too_many(what: &str) -> Failure {
    Failure::Input(format!("Invalid {what}: there are more than {MOST_BINS} buckets"))
}

/// Bins of equal width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bins {
    pub(crate) width: f64,
    /// Where one begins.
    pub(crate) begin: f64,
}

/// Counts by bins.
#[derive(Debug)]
pub(crate) struct Numbers<'q> {
    /// The whole path.
    pub(super) path: &'q str,
    pub(super) nested: Option<&'q str>,
    /// Documents within the limits.
    pub(super) counts: Counts,
    pub(crate) range: Range,
    pub(crate) subs: Subs,
    pub(crate) selected: &'q [Selected<'q, Meaning>],
    pub(crate) stage: Stage,
}

/// How far it has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Figures over all values are the answer.
    Whole(Guarded),
    /// Figures over all values are needed for the bins.
    Edges(Guarded),
    /// The bins are counted.
    Counted(Bins, Guarded),
    /// There are no values, so there are no bins.
    Empty,
    /// So few documents that the caller may not read have a value that nothing may be told.
    Closed,
    Failed(Failure),
}

impl<'q> Numbers<'q> {
    /// Asks for the first step.
    pub(super) fn begin(mut self, searches: &mut Searches) -> Self {
        let has_bins = self.range.step.is_some() || self.range.bins.is_some();
        let mut parts = if has_bins { Aggregations::new() } else { self.subs.aggregations() };
        parts.insert(STATS.to_owned(), Aggregation::Stats(self.path.to_owned()));
        let asked = self.ask(searches, parts);
        self.stage = if has_bins { Stage::Edges(asked) } else { Stage::Whole(asked) };
        self
    }

    /// Asks the same of all documents and of those that the caller may not read; of these also how many have
    /// a value.
    fn ask(&self, searches: &mut Searches, parts: Aggregations) -> Guarded {
        let hidden = self.counts.hidden.as_ref().map(|(scope, limit)| {
            let mut parts = parts.clone();
            parts.insert(WITH.to_owned(), with_value(self.path));
            (searches.count(scope, self.nested, parts), *limit)
        });
        Guarded { open: searches.count(&self.counts.counted, self.nested, parts), hidden }
    }

    /// Asks for the second step, if the first was one.
    pub(crate) fn go_on(&mut self, searches: &mut Searches, answers: &Answers) {
        let Stage::Edges(edges) = &self.stage else { return };
        self.stage = self.edges(edges, answers).unwrap_or_else(Stage::Failed);
        if let Stage::Counted(bins, _) = self.stage {
            let mut then = self.subs.aggregations();
            then.insert(STATS.to_owned(), Aggregation::Stats(self.path.to_owned()));
            let (field, interval, offset) = (self.path.to_owned(), bins.width, bins.begin);
            let histogram = Aggregation::Histogram { field, interval, offset, then };
            let counted = self.ask(searches, Aggregations::from([(BINS.to_owned(), histogram)]));
            self.stage = Stage::Counted(bins, counted);
        }
    }

    fn edges(&self, asked: &Guarded, answers: &Answers) -> Result<Stage, Failure> {
        if let Some((hidden, limit)) = &asked.hidden
            && is_small(answers.part(hidden, WITH)?, *limit)
        {
            return Ok(Stage::Closed);
        }
        let stats = stats_of(answers.part(&asked.open, STATS)?);
        let (Some(min), Some(max)) = (stats.min, stats.max) else { return Ok(Stage::Empty) };
        let start = self.range.start.map_or(min, |start| start as f64);
        let bins = match (self.range.step, self.range.bins) {
            (Some(step), _) => {
                let width = step as f64;
                // Where none is given they begin at multiples of their width.
                Bins { width, begin: self.range.start.map_or(0.0, |_| start.rem_euclid(width)) }
            }
            (None, bins) => {
                let end = self.range.end.map_or(max + 1.0, |end| end as f64);
                Bins { width: (end - start) / bins.unwrap_or(1) as f64, begin: start }
            }
        };
        let is_width = bins.width.is_finite() && bins.width > 0.0 && start + bins.width > start;
        if !is_width {
            return Ok(Stage::Empty);
        }
        let count = ((max - bins.begin) / bins.width).floor() - ((min - bins.begin) / bins.width).floor();
        if count >= MOST_BINS {
            let name = if self.range.step.is_some() { "rangeStep" } else { "binCount" };
            let value = self.range.step.or(self.range.bins).unwrap_or_default();
            return Err(too_many(&format!("{name} {value}")));
        }
        Ok(Stage::Counted(bins, asked.clone()))
    }
}

/// Documents, or objects, that have a value.
pub(super) fn with_value(path: &str) -> Aggregation {
    Aggregation::Filtered { query: Query::Exists(path.to_owned()), then: Aggregations::new() }
}

/// Whether a group is there, and so small that nothing may be told of it.
fn is_small(group: &Aggregate, limit: u64) -> bool {
    matches!(group, Aggregate::Within { count, .. } if (1..limit).contains(count))
}

fn stats_of(aggregate: &Aggregate) -> Stats {
    match aggregate {
        Aggregate::Stats(stats) => *stats,
        _ => Stats::default(),
    }
}
