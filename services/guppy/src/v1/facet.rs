//! One field of `/v1/facets`: what is asked of the engine for it, and what is told of the answers.

use std::collections::HashMap;

use search::{Aggregate, Aggregation, Bin, Bucket, Scalar, Stats};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    asked::{LeafField, leaf},
    bins::{Bins, Division, MOST as MOST_BINS},
    figures::{Figures, Over, Questions},
    keys::key,
    problem::Problem,
    secrecy::{HIDDEN, guarded, is_small},
};
use crate::{access::Counts, filter::text_of, schema::IndexModel};

/// Values of a field that are shown if it is not said how many.
const TOP: usize = 20;
/// Most of them.
const MOST_TOP: usize = 1_000;
/// Longest text that values have to contain.
const LONGEST: usize = 1_000;
/// Up to so many different values they are counted exactly.
const PRECISION: u64 = 40_000;

/// What is asked for of a field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FacetRequest {
    field: String,
    /// How many of the most frequent values.
    top: Option<usize>,
    /// Only values that contain this, in any case.
    search: Option<String>,
    /// Values that are shown whether they are frequent or not.
    #[serde(default)]
    include: Vec<Value>,
    /// How many bins.
    bins: Option<u32>,
    /// How wide they are.
    step: Option<f64>,
    /// Whether documents without the field are counted.
    #[serde(default)]
    missing: bool,
    /// Whether different values are counted.
    #[serde(default)]
    distinct: bool,
}

/// A field, and over which documents it is counted.
pub(super) struct Facet<'r> {
    request: &'r FacetRequest,
    field: LeafField<'r>,
    place: usize,
    open: Over,
    hidden: Option<(Over, u64)>,
    division: Option<Division>,
}

/// A field that can be counted, and how it is divided.
pub(super) type Checked<'r> = (LeafField<'r>, Option<Division>);

/// The bins of a field, and over which documents they are counted.
pub(super) type Binned = (Bins, Over, Option<Over>);

/// Over which documents something is counted, and which of them the caller may not read.
pub(super) fn places(questions: &mut Questions, counts: &Counts) -> (Over, Option<(Over, u64)>) {
    let open = questions.over(&counts.counted);
    (open, counts.hidden.as_ref().map(|(scope, limit)| (questions.over(scope), *limit)))
}

/// A field that can be counted as it is asked for.
///
/// # Errors
/// When it cannot.
pub(super) fn check<'r>(
    index: &'r IndexModel,
    place: usize,
    request: &FacetRequest,
) -> Result<Checked<'r>, Problem> {
    let told = |member: &str, told: &str| Err(Problem::invalid(format!("fields[{place}].{member}: {told}")));
    let field = leaf(index, &format!("fields[{place}].field"), &request.field)?;
    if request.top.is_some_and(|top| top > MOST_TOP) {
        return told("top", &format!("at most {MOST_TOP}"));
    }
    if request.include.len() > MOST_TOP || request.include.iter().any(|value| text_of(value).is_none()) {
        return told("include", &format!("a list of at most {MOST_TOP} texts, numbers or booleans"));
    }
    if request.search.as_ref().is_some_and(|text| text.len() > LONGEST) {
        return told("search", &format!("at most {LONGEST} bytes"));
    }
    let division = match (request.bins, request.step) {
        (None, None) => None,
        (Some(_), Some(_)) => return told("step", "either bins or step"),
        (Some(bins), None) if (1..=MOST_BINS).contains(&bins) => Some(Division::Bins(bins)),
        (Some(_), None) => return told("bins", &format!("from 1 to {MOST_BINS}")),
        (None, Some(step)) if step.is_finite() && step > 0.0 => Some(Division::Step(step)),
        (None, Some(_)) => return told("step", "a number above 0"),
    };
    if division.is_some() && !field.leaf.is_number() {
        return told("field", "it is no number, and has no bins");
    }
    Ok((field, division))
}

impl<'r> Facet<'r> {
    /// Asks what is wanted of a field over these documents.
    pub(super) fn begin(
        request: &'r FacetRequest,
        place: usize,
        (field, division): Checked<'r>,
        counts: &Counts,
        questions: &mut Questions,
    ) -> Self {
        let (open, hidden) = places(questions, counts);
        let facet = Self { request, field, place, open, hidden, division };
        facet.ask(questions);
        facet
    }

    fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.place)
    }

    /// Whether it is shown in bins or figures, not by value.
    fn is_number(&self) -> bool {
        self.field.leaf.is_number() && (self.division.is_some() || self.request.top.is_none())
    }

    fn ask(&self, questions: &mut Questions) {
        let path = || self.field.path.to_owned();
        let mut ask = |over: Over, what: &str, aggregation: Aggregation| {
            questions.ask(over, self.field.nested, self.name(what), aggregation);
        };
        let values = || Aggregation::Values {
            field: path(),
            missing: false,
            descending: false,
            then: Default::default(),
        };
        let hidden = self.hidden.map(|(over, _)| over);
        for over in [Some(self.open), hidden].into_iter().flatten() {
            if self.request.missing {
                ask(over, "missing", Aggregation::Missing { field: path(), then: Default::default() });
            }
            if self.is_number() {
                ask(over, "stats", Aggregation::Stats(path()));
            }
        }
        if self.request.distinct {
            ask(self.open, "distinct", Aggregation::Distinct { field: path(), precision: PRECISION });
        }
        if self.is_number() {
            return;
        }
        // All values of what is hidden: each of them may be small.
        if let Some(over) = hidden {
            ask(over, "values", values());
        }
        if self.request.include.is_empty() {
            let top = Aggregation::Top {
                field: path(),
                size: self.request.top.unwrap_or(TOP),
                skip: 0,
                containing: self.request.search.clone().filter(|text| !text.is_empty()),
                then: Default::default(),
            };
            ask(self.open, "top", top);
        } else {
            ask(self.open, "values", values());
        }
    }

    /// Asks for the bins, whose places depend on the numbers.
    ///
    /// # Errors
    /// When there would be too many.
    pub(super) fn ask_bins(
        &self,
        found: &Figures,
        counts: &Counts,
        questions: &mut Questions,
    ) -> Result<Option<Binned>, Problem> {
        let Some(division) = self.division else { return Ok(None) };
        let stats = self.stats(found, self.open);
        if self.hidden.is_some_and(|(over, limit)| is_small(self.stats(found, over).count, limit)) {
            return Ok(None);
        }
        let (Some(min), Some(max)) = (stats.min, stats.max) else { return Ok(None) };
        let bins = Bins::of(division, min, max)
            .map_err(|told| Problem::invalid(format!("fields[{}].step: {told}", self.place)))?;
        let (open, hidden) = places(questions, counts);
        let hidden = hidden.map(|(over, _)| over);
        for over in [Some(open), hidden].into_iter().flatten() {
            let histogram = Aggregation::Histogram {
                field: self.field.path.to_owned(),
                interval: bins.width,
                offset: bins.begin,
                then: Default::default(),
            };
            questions.ask(over, self.field.nested, self.name("bins"), histogram);
        }
        Ok(Some((bins, open, hidden)))
    }

    fn get<'f>(&self, figures: &'f Figures, over: Over, what: &str) -> Option<&'f Aggregate> {
        figures.get(over, self.field.nested.is_some(), &self.name(what))
    }

    fn stats(&self, figures: &Figures, over: Over) -> Stats {
        match self.get(figures, over, "stats") {
            Some(Aggregate::Stats(stats)) => *stats,
            _ => Stats::default(),
        }
    }

    fn values<'f>(&self, figures: &'f Figures, over: Over) -> &'f [Bucket] {
        match self.get(figures, over, "values") {
            Some(Aggregate::Values(buckets)) => buckets,
            _ => &[],
        }
    }

    fn without(&self, figures: &Figures, over: Over) -> u64 {
        match self.get(figures, over, "missing") {
            Some(Aggregate::Within { count, .. }) => *count,
            _ => 0,
        }
    }

    /// The figures of an index that is not there.
    pub(super) fn nothing(&self) -> Value {
        let mut told = Map::from_iter([("field".to_owned(), json!(self.field.path))]);
        told.insert(if self.is_number() { "bins" } else { "buckets" }.to_owned(), json!([]));
        Value::Object(told)
    }

    /// What is told.
    pub(super) fn answer(
        &self,
        found: &Figures,
        binned: &Figures,
        bins: Option<&Binned>,
        whitelist: &[String],
    ) -> Value {
        let mut told = Map::from_iter([("field".to_owned(), json!(self.field.path))]);
        let is_anything_hidden = if self.is_number() {
            self.numbers(found, binned, bins, &mut told)
        } else {
            self.texts(found, whitelist, &mut told)
        };
        if self.request.missing {
            let hidden = self.hidden.map(|(over, limit)| (self.without(found, over), limit));
            told.insert("missing".to_owned(), json!(guarded(self.without(found, self.open), hidden)));
        }
        if self.request.distinct {
            let distinct = match self.get(found, self.open, "distinct") {
                _ if is_anything_hidden => HIDDEN,
                Some(Aggregate::Count(count)) => i64::try_from(*count).unwrap_or(i64::MAX),
                _ => 0,
            };
            told.insert("distinct".to_owned(), json!(distinct));
        }
        Value::Object(told)
    }

    /// Counts by value. Tells whether something of the field is hidden.
    fn texts(&self, found: &Figures, whitelist: &[String], told: &mut Map<String, Value>) -> bool {
        let hidden = self.hidden.map(|(over, limit)| (self.values(found, over), limit)).unwrap_or_default();
        let is_secret =
            |key: &str, count: u64| is_small(count, hidden.1) && !whitelist.contains(&key.to_lowercase());
        let secret: HashMap<&Option<Scalar>, u64> = hidden
            .0
            .iter()
            .filter(|bucket| is_secret(&shown(bucket.key.as_ref()), bucket.count))
            .map(|bucket| (&bucket.key, bucket.count))
            .collect();
        let (buckets, others) = match self.get(found, self.open, "top") {
            Some(Aggregate::Top { buckets, others }) => (buckets.iter().collect::<Vec<_>>(), *others),
            _ => self.chosen(self.values(found, self.open)),
        };
        let mut concealed = 0;
        let mut list: Vec<Value> = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let is_hidden = secret.contains_key(&bucket.key);
            concealed += usize::from(is_hidden);
            let count = if is_hidden { HIDDEN } else { i64::try_from(bucket.count).unwrap_or(i64::MAX) };
            list.push(json!({ "key": key(bucket.key.as_ref()), "count": count }));
        }
        told.insert("buckets".to_owned(), json!(list));
        // What is left of a sum would be the group.
        let others = if secret.is_empty() { i64::try_from(others).unwrap_or(i64::MAX) } else { HIDDEN };
        told.insert("others".to_owned(), json!(others));
        told.insert("hidden".to_owned(), json!(concealed));
        !secret.is_empty()
    }

    /// The most frequent values, those that are to be included, and how often the others are.
    fn chosen<'f>(&self, all: &'f [Bucket]) -> (Vec<&'f Bucket>, u64) {
        let search = self.request.search.as_deref().unwrap_or_default().to_lowercase();
        let included: Vec<String> = self.request.include.iter().filter_map(text_of).collect();
        let mut matching: Vec<&Bucket> = all.iter().collect();
        matching.sort_by_key(|bucket| std::cmp::Reverse(bucket.count));
        let (mut chosen, mut others, mut left) = (Vec::new(), 0, self.request.top.unwrap_or(TOP));
        for bucket in matching {
            let name = shown(bucket.key.as_ref());
            let is_match = name.to_lowercase().contains(&search);
            if included.contains(&name) {
                chosen.push(bucket);
            } else if is_match && left > 0 {
                left -= 1;
                chosen.push(bucket);
            } else if is_match {
                others += bucket.count;
            }
        }
        (chosen, others)
    }

    /// Figures and bins. Tells whether something of the field is hidden.
    fn numbers(
        &self,
        found: &Figures,
        binned: &Figures,
        bins: Option<&Binned>,
        told: &mut Map<String, Value>,
    ) -> bool {
        let stats = self.stats(found, self.open);
        let is_hidden =
            self.hidden.is_some_and(|(over, limit)| is_small(self.stats(found, over).count, limit));
        let figure = |number: Option<f64>| if is_hidden { Value::Null } else { json!(number) };
        let count = if is_hidden { HIDDEN } else { i64::try_from(stats.count).unwrap_or(i64::MAX) };
        told.insert("count".to_owned(), json!(count));
        for (name, number) in [("min", stats.min), ("max", stats.max), ("avg", stats.avg)] {
            told.insert(name.to_owned(), figure(number));
        }
        told.insert("sum".to_owned(), figure(Some(stats.sum)));
        let mut list = Vec::new();
        let mut concealed = 0;
        if let Some((bins, open, hidden)) = bins {
            let of = |over: Over| match self.get(binned, over, "bins") {
                Some(Aggregate::Histogram(found)) => bins.counts(found),
                _ => bins.counts(&Vec::<Bin>::new()),
            };
            let secret = hidden.map(of);
            let limit = self.hidden.map_or(0, |(_, limit)| limit);
            for (place, count) in of(*open).into_iter().enumerate() {
                let small = secret.as_ref().and_then(|counts| counts.get(place)).copied();
                let count = guarded(count, small.map(|small| (small, limit)));
                concealed += usize::from(count == HIDDEN);
                let (from, to) = bins.limits(place);
                list.push(json!({ "from": from, "to": to, "count": count }));
            }
            if concealed > 0 {
                // The whole less the bins would be the group.
                told.insert("count".to_owned(), json!(HIDDEN));
            }
        }
        told.insert("bins".to_owned(), json!(list));
        told.insert("hidden".to_owned(), json!(concealed));
        is_hidden || concealed > 0
    }
}

fn shown(scalar: Option<&Scalar>) -> String {
    text_of(&key(scalar)).unwrap_or_default()
}
