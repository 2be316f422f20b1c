//! Counts by value and by bins, and what is hidden of them.

use std::collections::HashMap;

use graphql::Selected;
use search::{Aggregate, Aggregates, Bin, Bucket, Scalar, Stats};

use super::json::Writer;
use crate::{
    config::Config,
    filter::text_of,
    lower::{
        Answers, BINS, Bins, FIGURE, Failure, Guarded, Numbers, STATS, Stage, Subs, Texts, VALUES, WITH,
        missing_name, terms_name,
    },
    schema::{Meaning, Part},
};

/// What stands for a count that is not told.
const HIDDEN: i64 = -1;

type Selection<'q> = &'q [Selected<'q, Meaning>];

/// What is written, and by which rules.
pub(super) struct Buckets<'a> {
    pub(super) answers: &'a Answers,
    pub(super) config: &'a Config,
}

/// A bucket as it is shown.
struct Shown<'b> {
    key: Key<'b>,
    /// `None` if it is hidden.
    count: Option<u64>,
    stats: Stats,
    subs: &'b Subs,
    then: &'b Aggregates,
    /// What was counted of the documents that the caller may not read.
    hidden: Option<(&'b Aggregates, u64)>,
}

enum Key<'b> {
    Text(&'b str),
    Bounds(Option<f64>, Option<f64>),
}

/// Whether there is a group that is so small that nothing may be told of it.
fn is_small(count: u64, limit: u64) -> bool {
    (1..limit).contains(&count)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn key_text(key: Option<&Scalar>, missing: &str) -> String {
    match key {
        None => missing.to_owned(),
        Some(Scalar::Text(text)) => text.clone(),
        Some(Scalar::Boolean(value)) => value.to_string(),
        Some(Scalar::Number(number)) => text_of(&number.clone().into()).unwrap_or_default(),
    }
}

impl Buckets<'_> {
    /// How many documents there are.
    pub(super) fn total(&self, total: &Guarded) -> Result<i64, Failure> {
        if let Some((hidden, limit)) = &total.hidden
            && is_small(self.answers.found(hidden)?.total, *limit)
        {
            return Ok(HIDDEN);
        }
        Ok(signed(self.answers.found(&total.open)?.total))
    }

    /// A figure of a field.
    pub(super) fn figure(&self, figure: &Guarded) -> Result<i64, Failure> {
        if let Some((hidden, limit)) = &figure.hidden
            && is_small(within(self.answers.part(hidden, WITH)?), *limit)
        {
            return Ok(HIDDEN);
        }
        match self.answers.part(&figure.open, FIGURE)? {
            Aggregate::Count(count) => Ok(signed(*count)),
            _ => Ok(0),
        }
    }

    /// Counts by value: the most frequent first, and documents without one last.
    pub(super) fn texts<'q>(&self, texts: &Texts<'q>, out: &mut Writer<'q>) -> Result<(), Failure> {
        let mut buckets: Vec<&Bucket> =
            values(self.answers.part(&texts.counted.open, VALUES)?).iter().collect();
        buckets.sort_by_key(|bucket| (bucket.key.is_none(), std::cmp::Reverse(bucket.count)));
        let hidden = match &texts.counted.hidden {
            None => None,
            Some((ticket, limit)) => {
                let buckets = values(self.answers.part(ticket, VALUES)?);
                let by_key = buckets.iter().map(|bucket| (bucket.key.as_ref(), bucket));
                Some((by_key.collect::<HashMap<_, _>>(), *limit))
            }
        };
        out.list(buckets, |out, bucket| {
            let name = key_text(bucket.key.as_ref(), &self.config.missing.alias);
            let of_hidden = hidden
                .as_ref()
                .and_then(|(by_key, limit)| by_key.get(&bucket.key.as_ref()).map(|bucket| (*bucket, *limit)));
            let is_hidden = of_hidden.is_some_and(|(bucket, limit)| is_small(bucket.count, limit))
                && !self.config.whitelist.contains(&name.to_lowercase());
            let shown = Shown {
                key: Key::Text(&name),
                count: (!is_hidden).then_some(bucket.count),
                stats: Stats::default(),
                subs: &texts.subs,
                then: &bucket.then,
                hidden: of_hidden.map(|(bucket, limit)| (&bucket.then, limit)),
            };
            shown.write(texts.selected, out);
        });
        Ok(())
    }

    /// Counts by bins.
    pub(super) fn numbers<'q>(&self, numbers: &Numbers<'q>, out: &mut Writer<'q>) -> Result<(), Failure> {
        let limits = (numbers.range.start.map(|n| n as f64), numbers.range.end.map(|n| n as f64));
        let closed = |out: &mut Writer<'q>| {
            let (subs, then) = (&numbers.subs, &Aggregates::new());
            let key = Key::Bounds(limits.0, limits.1);
            let shown = Shown { key, count: None, stats: Stats::default(), subs, then, hidden: None };
            out.list([shown], |out, shown| shown.write(numbers.selected, out));
        };
        match &numbers.stage {
            Stage::Failed(failure) => return Err(failure.clone()),
            // What comes after it was asked for.
            Stage::Edges(_) | Stage::Empty => out.raw("[]"),
            Stage::Closed => closed(out),
            Stage::Whole(counted) => {
                if let Some((hidden, limit)) = &counted.hidden
                    && is_small(within(self.answers.part(hidden, WITH)?), *limit)
                {
                    closed(out);
                    return Ok(());
                }
                self.whole(numbers, counted, limits, out)?;
            }
            Stage::Counted(bins, counted) => self.bins(numbers, *bins, counted, out)?,
        }
        Ok(())
    }

    fn whole<'q>(
        &self,
        numbers: &Numbers<'q>,
        counted: &Guarded,
        limits: (Option<f64>, Option<f64>),
        out: &mut Writer<'q>,
    ) -> Result<(), Failure> {
        let names = numbers.subs.names();
        let then = self.answers.parts(&counted.open, &names)?;
        let hidden = match &counted.hidden {
            Some((ticket, limit)) => Some((self.answers.parts(ticket, &names)?, *limit)),
            None => None,
        };
        let stats = stats(self.answers.part(&counted.open, STATS)?);
        let shown = Shown {
            key: Key::Bounds(limits.0.or(stats.min), limits.1.or(stats.max)),
            count: Some(stats.count),
            stats,
            subs: &numbers.subs,
            then: &then,
            hidden: hidden.as_ref().map(|(then, limit)| (then, *limit)),
        };
        out.list([shown], |out, shown| shown.write(numbers.selected, out));
        Ok(())
    }

    fn bins<'q>(
        &self,
        numbers: &Numbers<'q>,
        bins: Bins,
        counted: &Guarded,
        out: &mut Writer<'q>,
    ) -> Result<(), Failure> {
        // Both have the same edges; their keys may differ in the last digit.
        let number = |bin: &Bin| ((bin.key - bins.begin) / bins.width).round() as i64;
        let hidden = match &counted.hidden {
            None => None,
            Some((ticket, limit)) => {
                let bins = histogram(self.answers.part(ticket, BINS)?);
                let by_number = bins.iter().map(|bin| (number(bin), bin)).collect::<HashMap<_, _>>();
                Some((by_number, *limit))
            }
        };
        out.list(histogram(self.answers.part(&counted.open, BINS)?), |out, bin| {
            let of_hidden = hidden
                .as_ref()
                .and_then(|(by_number, limit)| by_number.get(&number(bin)).map(|bin| (*bin, *limit)));
            let is_hidden = of_hidden.is_some_and(|(bin, limit)| is_small(bin.count, limit));
            let stats = bin.then.get(STATS).map(stats).unwrap_or_default();
            let shown = Shown {
                key: Key::Bounds(Some(bin.key), Some(bin.key + bins.width)),
                count: (!is_hidden).then_some(stats.count),
                stats,
                subs: &numbers.subs,
                then: &bin.then,
                hidden: of_hidden.map(|(bin, limit)| (&bin.then, limit)),
            };
            shown.write(numbers.selected, out);
        });
        Ok(())
    }
}

fn values(aggregate: &Aggregate) -> &[Bucket] {
    match aggregate {
        Aggregate::Values(buckets) => buckets,
        _ => &[],
    }
}

fn histogram(aggregate: &Aggregate) -> &[Bin] {
    match aggregate {
        Aggregate::Histogram(bins) => bins,
        _ => &[],
    }
}

fn stats(aggregate: &Aggregate) -> Stats {
    match aggregate {
        Aggregate::Stats(stats) => *stats,
        _ => Stats::default(),
    }
}

fn within(aggregate: &Aggregate) -> u64 {
    match aggregate {
        Aggregate::Within { count, .. } => *count,
        _ => 0,
    }
}

impl Shown<'_> {
    fn write<'q>(&self, selected: Selection<'q>, out: &mut Writer<'q>) {
        let places = selected.iter().map(|selection| (selection.key.as_str(), selection.at, selection));
        out.object(places, |out, selection| match selection.field.meaning {
            Some(Meaning::Part(part)) => self.part(part, selection, out),
            _ => out.text(selection.parent),
        });
    }

    fn part<'q>(&self, part: Part, selection: &'q Selected<'q, Meaning>, out: &mut Writer<'q>) {
        match (part, &self.key) {
            (Part::Key, Key::Text(text)) => return out.text(text),
            (Part::Key, Key::Bounds(lower, upper)) => {
                return out.list([*lower, *upper], |out, bound| out.optional_number(bound));
            }
            _ => {}
        }
        let Some(count) = self.count else {
            // Nothing else is told of what is hidden.
            return if part == Part::Count { out.count(HIDDEN) } else { out.null() };
        };
        match part {
            Part::Count => out.count(signed(count)),
            Part::Min => out.optional_number(self.stats.min),
            Part::Max => out.optional_number(self.stats.max),
            Part::Avg => out.optional_number(self.stats.avg),
            Part::Sum => out.number(self.stats.sum),
            Part::MissingFields => self.missing_fields(selection, out),
            Part::TermsFields => self.terms_fields(selection, out),
            Part::Key | Part::Field | Part::Terms => out.null(),
        }
    }

    fn missing_fields<'q>(&self, selection: &'q Selected<'q, Meaning>, out: &mut Writer<'q>) {
        let Some(fields) = &self.subs.missing else { return out.null() };
        out.list(fields.iter().enumerate(), |out, (place, field)| {
            let name = missing_name(place);
            let count = |then: &Aggregates| then.get(&name).map_or(0, within);
            let is_hidden = self.hidden.is_some_and(|(then, limit)| is_small(count(then), limit));
            let shown = if is_hidden { HIDDEN } else { signed(count(self.then)) };
            sub_object(selection, out, |out, part, _| match part {
                Part::Field => out.text(field),
                _ => out.count(shown),
            });
        });
    }

    fn terms_fields<'q>(&self, selection: &'q Selected<'q, Meaning>, out: &mut Writer<'q>) {
        let Some(fields) = &self.subs.terms else { return out.null() };
        out.list(fields.iter().enumerate(), |out, (place, field)| {
            let name = terms_name(place);
            let terms: Vec<(Option<String>, i64)> = self.terms(&name);
            let is_hidden = terms.iter().any(|(_, count)| *count == HIDDEN);
            let sum = if is_hidden { HIDDEN } else { terms.iter().map(|(_, count)| count).sum() };
            sub_object(selection, out, |out, part, selection| match part {
                Part::Field => out.text(field),
                Part::Terms => out.list(&terms, |out, (key, count)| {
                    sub_object(selection, out, |out, part, _| match (part, key) {
                        (Part::Key, Some(key)) => out.text(key),
                        (Part::Key, None) => out.null(),
                        _ => out.count(*count),
                    });
                }),
                _ => out.count(sum),
            });
        });
    }

    /// The values of a field within the bucket; one without a name if there are none.
    fn terms(&self, name: &str) -> Vec<(Option<String>, i64)> {
        let top = |then: &'_ Aggregates| match then.get(name) {
            Some(Aggregate::Top { buckets, .. }) => buckets.clone(),
            _ => Vec::new(),
        };
        let hidden = self.hidden.map(|(then, limit)| (top(then), limit));
        let shown = top(self.then).into_iter().map(|bucket| {
            let is_hidden = hidden.as_ref().is_some_and(|(buckets, limit)| {
                let same = buckets.iter().find(|other| other.key == bucket.key);
                same.is_some_and(|other| is_small(other.count, *limit))
            });
            let count = if is_hidden { HIDDEN } else { signed(bucket.count) };
            (Some(key_text(bucket.key.as_ref(), "")), count)
        });
        let shown: Vec<_> = shown.collect();
        if shown.is_empty() { vec![(None, 0)] } else { shown }
    }
}

/// Writes an object of parts.
fn sub_object<'q>(
    selection: &'q Selected<'q, Meaning>,
    out: &mut Writer<'q>,
    mut value: impl FnMut(&mut Writer<'q>, Part, &'q Selected<'q, Meaning>),
) {
    let graphql::Sub::Object(selected) = &selection.sub else { return out.null() };
    let places = selected.iter().map(|selection| (selection.key.as_str(), selection.at, selection));
    out.object(places, |out, selection| match selection.field.meaning {
        Some(Meaning::Part(part)) => value(out, part, selection),
        _ => out.text(selection.parent),
    });
}
