//! Buckets of values.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use search::{Aggregate, Aggregates, Bucket, Scalar, SearchError};
use tantivy::columnar::BytesColumn;

use crate::{
    chosen::{Chosen, Docs},
    column::Values,
    filter::uncountable,
    layout::Reading,
    numbers::Numeric,
    ordinals::Ordinals,
};

/// More buckets in one answer are refused.
const MOST_BUCKETS: usize = 10_000_000;

/// What is counted in each bucket; `None`: nothing.
pub(super) type Below<'b> = Option<&'b dyn Fn(&Chosen<'_>) -> Result<Aggregates, SearchError>>;

/// What is counted over some objects, in a bucket of theirs.
pub(super) fn below(then: Below<'_>, chosen: &Chosen<'_>) -> Result<Aggregates, SearchError> {
    then.map_or(Ok(Aggregates::new()), |then| then(chosen))
}

/// How a number or boolean is read; `None` of a field that these objects do not have.
///
/// # Errors
/// The field is something else.
pub(super) fn numeric(chosen: &Chosen<'_>, field: &str, asked: &str) -> Result<Option<Numeric>, SearchError> {
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
pub(super) fn too_many() -> SearchError {
    SearchError::Refused(format!(
        "Trying to create too many buckets. Must be less than or equal to: [{MOST_BUCKETS}]"
    ))
}

/// A hasher of numbers that are already spread, or become so by one multiplication.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

pub(super) type Hashed = BuildHasherDefault<Spread>;

/// How the values of a field are told apart: by numbers of terms, or by themselves.
enum Keys {
    Terms(Arc<Ordinals>),
    Numbers(Numeric),
}

/// The values of a field.
struct Field<'c, 's> {
    chosen: &'c Chosen<'s>,
    columns: Vec<Option<&'s Values>>,
    keys: Keys,
}

impl<'c, 's> Field<'c, 's> {
    /// `None`: no object has it.
    fn new(chosen: &'c Chosen<'s>, field: &str) -> Result<Option<Self>, SearchError> {
        let Some(leaf) = chosen.leaf(field) else { return Ok(None) };
        if let Some(fault) = uncountable(leaf) {
            return Err(fault);
        }
        let keys = match leaf.reading {
            Reading::Number { numeric, .. } => Keys::Numbers(numeric),
            _ => Keys::Terms(chosen.view.ordinals(field)?),
        };
        Ok(Some(Self { chosen, columns: chosen.columns(field)?, keys }))
    }

    /// The values that occur, ascending, and how many objects have each.
    fn counts(&self) -> Result<Vec<(u64, u64)>, SearchError> {
        match &self.keys {
            Keys::Numbers(_) => self.number_counts(),
            Keys::Terms(ordinals) => self.term_counts(ordinals),
        }
    }

    fn number_counts(&self) -> Result<Vec<(u64, u64)>, SearchError> {
        let mut counts: HashMap<u64, u64, Hashed> = HashMap::default();
        for (at, values) in self.columns.iter().enumerate() {
            let Some(values) = values else { continue };
            if values.single() {
                self.chosen.values(at, values, |values| {
                    values.iter().for_each(|value| *counts.entry(*value).or_default() += 1);
                })?;
                continue;
            }
            self.chosen.pairs(at, values, |docs, values| {
                let mut before = None;
                for pair in docs.iter().zip(values) {
                    if before != Some(pair) {
                        *counts.entry(*pair.1).or_default() += 1;
                    }
                    before = Some(pair);
                }
            })?;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        Ok(counts)
    }

    fn term_counts(&self, ordinals: &Ordinals) -> Result<Vec<(u64, u64)>, SearchError> {
        // A keyword of an object is kept once, so values are objects.
        if self.chosen.count() < ordinals.len() as u64 / 8 {
            let mut found = Vec::new();
            for (at, values) in self.columns.iter().enumerate() {
                let Some(values) = values else { continue };
                self.chosen.values(at, values, |terms| {
                    found.extend(terms.iter().map(|term| ordinals.of(at, *term) as u64));
                })?;
            }
            found.sort_unstable();
            return Ok(found.chunk_by(|one, other| one == other).map(|c| (c[0], c.len() as u64)).collect());
        }
        let mut counts = vec![0u32; ordinals.len()];
        for (at, values) in self.columns.iter().enumerate() {
            let Some(values) = values else { continue };
            let own = match self.chosen.docs[at] {
                Docs::Whole(_) => values.whole_counts(),
                _ => Cow::Owned(self.counted(at, values)?),
            };
            match ordinals.map(at) {
                None => counts.iter_mut().zip(&*own).for_each(|(all, own)| *all += own),
                Some(map) => own.iter().zip(map).for_each(|(own, term)| counts[*term as usize] += own),
            }
        }
        let counts = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
        Ok(counts.map(|(term, count)| (term as u64, count.into())).collect())
    }

    /// How many objects of a segment have each of its terms.
    fn counted(&self, at: usize, values: &Values) -> Result<Vec<u32>, SearchError> {
        let mut counts = vec![0; values.terms.as_ref().map_or(0, BytesColumn::num_terms)];
        self.chosen.values(at, values, |terms| terms.iter().for_each(|term| counts[*term as usize] += 1))?;
        Ok(counts)
    }

    /// The values themselves; `keys` ascend.
    fn scalars(&self, keys: &[u64]) -> Result<Vec<Scalar>, SearchError> {
        Ok(match &self.keys {
            Keys::Numbers(numeric) => keys.iter().map(|key| numeric.scalar(*key)).collect(),
            Keys::Terms(ordinals) => {
                let terms: Vec<_> = keys.iter().map(|key| *key as usize).collect();
                ordinals.texts(&self.columns, &terms)?.into_iter().map(Scalar::Text).collect()
            }
        })
    }

    /// Buckets of values, which ascend.
    fn buckets(&self, counts: &[(u64, u64)], then: Below<'_>) -> Result<Vec<Bucket>, SearchError> {
        if counts.len() > MOST_BUCKETS {
            return Err(too_many());
        }
        let keys: Vec<_> = counts.iter().map(|(key, _)| *key).collect();
        let scalars = self.scalars(&keys)?;
        let groups = match (then.is_none(), &self.keys) {
            (true, _) => None,
            (false, Keys::Numbers(_)) => {
                Some(Groups::new(self.chosen, &self.columns, |_, value| value, &Hashed::default())?)
            }
            (false, Keys::Terms(ordinals)) => {
                let of = |segment, term| ordinals.of(segment, term) as u64;
                Some(Groups::new(self.chosen, &self.columns, of, &Hashed::default())?)
            }
        };
        let pairs = scalars.into_iter().zip(counts);
        pairs
            .map(|(scalar, (key, number))| {
                let then = match &groups {
                    None => Aggregates::new(),
                    Some(groups) => {
                        let docs = groups.docs(*key, self.chosen.docs.len());
                        below(then, &self.chosen.some(docs))?
                    }
                };
                Ok(Bucket { key: Some(scalar), count: *number, then })
            })
            .collect()
    }
}

/// The objects of each value.
pub(super) struct Groups {
    /// Value → where its objects begin and end.
    places: HashMap<u64, (usize, usize), Hashed>,
    /// Segment and object, by value.
    entries: Vec<(u32, u32)>,
}

impl Groups {
    /// `key` tells the value from that in a segment's column.
    pub(super) fn new(
        chosen: &Chosen<'_>,
        columns: &[Option<&Values>],
        key: impl Fn(usize, u64) -> u64,
        hashed: &Hashed,
    ) -> Result<Self, SearchError> {
        let mut pairs = Vec::new();
        for (at, values) in columns.iter().enumerate() {
            let Some(values) = values else { continue };
            let mut before = None;
            chosen.pairs(at, values, |docs, values| {
                for (doc, value) in docs.iter().zip(values) {
                    let pair = (key(at, *value), at as u32, *doc);
                    // Values of an object ascend, so equal ones follow each other.
                    if before != Some(pair) {
                        pairs.push(pair);
                    }
                    before = Some(pair);
                }
            })?;
        }
        pairs.sort_unstable();
        let mut places = HashMap::with_hasher(hashed.clone());
        let mut start = 0;
        for group in pairs.chunk_by(|one, other| one.0 == other.0) {
            places.insert(group[0].0, (start, start + group.len()));
            start += group.len();
        }
        Ok(Self { places, entries: pairs.into_iter().map(|(_, segment, doc)| (segment, doc)).collect() })
    }

    /// The objects that have a value, in each of so many segments.
    pub(super) fn docs(&self, key: u64, segments: usize) -> Vec<Docs> {
        let (start, end) = self.places.get(&key).copied().unwrap_or_default();
        let mut docs = vec![Docs::List(Vec::new()); segments];
        for group in self.entries[start..end].chunk_by(|one, other| one.0 == other.0) {
            docs[group[0].0 as usize] = Docs::List(group.iter().map(|(_, doc)| *doc).collect());
        }
        docs
    }
}

/// Every value of a field.
pub(super) fn values(
    chosen: &Chosen<'_>,
    field: &str,
    missing: bool,
    descending: bool,
    then: Below<'_>,
) -> Result<Vec<Bucket>, SearchError> {
    let mut buckets = match Field::new(chosen, field)? {
        Some(field) => field.buckets(&field.counts()?, then)?,
        None => Vec::new(),
    };
    if missing && let Some(without) = without(chosen, field, &buckets, then)? {
        buckets.insert(0, without);
    }
    if descending {
        buckets.reverse();
    }
    Ok(buckets)
}

/// The bucket of the objects without a field, if there are any.
fn without(
    chosen: &Chosen<'_>,
    field: &str,
    buckets: &[Bucket],
    then: Below<'_>,
) -> Result<Option<Bucket>, SearchError> {
    let single = chosen.columns(field)?.iter().flatten().all(|values| values.single());
    if single && then.is_none() {
        let count = chosen.count() - buckets.iter().map(|bucket| bucket.count).sum::<u64>();
        return Ok((count > 0).then(|| Bucket { key: None, count, then: Aggregates::new() }));
    }
    let lacking = chosen.some(chosen.lacking(field)?);
    let number = lacking.count();
    if number == 0 {
        return Ok(None);
    }
    Ok(Some(Bucket { key: None, count: number, then: below(then, &lacking)? }))
}

/// The most frequent values.
pub(super) fn top(
    chosen: &Chosen<'_>,
    field: &str,
    skip: usize,
    size: usize,
    containing: Option<&str>,
    then: Below<'_>,
) -> Result<Aggregate, SearchError> {
    let Some(field) = Field::new(chosen, field)? else {
        return Ok(Aggregate::Top { buckets: Vec::new(), others: 0 });
    };
    let mut counts = field.counts()?;
    if let Some(part) = containing {
        let part = part.to_lowercase();
        let keys: Vec<_> = counts.iter().map(|(key, _)| *key).collect();
        let mut scalars = field.scalars(&keys)?.into_iter();
        counts.retain(|_| scalars.next().is_some_and(|scalar| text(&scalar).to_lowercase().contains(&part)));
    }
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    counts.sort_unstable_by_key(|(key, count)| (std::cmp::Reverse(*count), *key));
    let mut shown: Vec<_> = counts.into_iter().skip(skip).take(size).collect();
    shown.sort_unstable();
    let mut buckets = field.buckets(&shown, then)?;
    // Stable, so that ties stay ascending.
    buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.count));
    let others = all - buckets.iter().map(|bucket| bucket.count).sum::<u64>();
    Ok(Aggregate::Top { buckets, others })
}

fn text(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(boolean) => boolean.to_string(),
    }
}

/// How many distinct values a field has.
pub(super) fn distinct(chosen: &Chosen<'_>, field: &str) -> Result<u64, SearchError> {
    Ok(match Field::new(chosen, field)? {
        Some(field) => field.counts()?.len() as u64,
        None => 0,
    })
}
