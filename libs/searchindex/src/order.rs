//! In which order documents come, and which of them are on a page.

use std::sync::Arc;

use search::{Scalar, SearchError, Sort};
use serde_json::Value;

use crate::{
    bits::Bits,
    chosen::Chosen,
    column::Reader,
    column::Values,
    filter::{Scope, is_within, uncountable},
    layout::{ROOT, Reading},
    numbers::Numeric,
    ordinals::Ordinals,
    snapshot::Segment,
};

/// Comes after every value, whatever the direction.
const MISSING: u64 = u64::MAX;
/// The bits of a tie that tell when a document was written; those above tell its index.
const WRITTEN_BITS: u32 = 48;
/// More sorts of one question are refused.
const MOST_SORTS: usize = 31;

/// A document of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) segment: usize,
    pub(crate) doc: u32,
    pub(crate) position: Vec<Value>,
}

/// A value that is sorted by.
struct Key<'s> {
    descending: bool,
    /// How its values are told apart; `None` if no document has one.
    kind: Option<Told>,
    columns: Vec<Option<&'s Values>>,
    /// Of a nested field: the value of each document, by segment.
    raised: Option<Vec<Vec<u64>>>,
}

enum Told {
    Terms(Arc<Ordinals>),
    Numbers(Numeric),
}

/// Documents in an order.
pub(crate) struct Order<'s> {
    keys: Vec<Key<'s>>,
}

/// A document and what it is sorted by: the values, then the tie.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<const N: usize> {
    keys: [u64; N],
    segment: u32,
    doc: u32,
}

impl<'s> Order<'s> {
    pub(crate) fn new(chosen: &Chosen<'s>, sort: &[Sort]) -> Result<Self, SearchError> {
        if sort.len() > MOST_SORTS {
            return Err(SearchError::Refused(format!("more than {MOST_SORTS} sorts are not possible")));
        }
        Ok(Self { keys: sort.iter().map(|sort| Key::new(chosen, sort)).collect::<Result<_, _>>()? })
    }

    /// The rows `from` to `from + size`, of those that come after a position.
    pub(crate) fn rows(
        &self,
        chosen: &Chosen<'s>,
        after: Option<&[Value]>,
        from: usize,
        size: usize,
    ) -> Result<Vec<Row>, SearchError> {
        match self.keys.len() {
            0 => self.page::<1>(chosen, after, from, size),
            1 => self.page::<2>(chosen, after, from, size),
            2..=3 => self.page::<4>(chosen, after, from, size),
            4..=7 => self.page::<8>(chosen, after, from, size),
            _ => self.page::<32>(chosen, after, from, size),
        }
    }

    fn page<const N: usize>(
        &self,
        chosen: &Chosen<'s>,
        after: Option<&[Value]>,
        from: usize,
        size: usize,
    ) -> Result<Vec<Row>, SearchError> {
        let after: Option<[u64; N]> = after.map(|after| self.entry(after)).transpose()?;
        let all = usize::try_from(chosen.count()).unwrap_or(usize::MAX);
        let most = from.saturating_add(size).min(all);
        if from >= most {
            return Ok(Vec::new());
        }
        let mut best = Best { entries: Vec::new(), most, limit: None };
        for at in 0..chosen.docs.len() {
            self.collect(chosen, at, after.as_ref(), &mut best)?;
        }
        let mut entries = best.entries;
        if from >= entries.len() {
            return Ok(Vec::new());
        }
        if most < entries.len() {
            entries.select_nth_unstable(most);
            entries.truncate(most);
        }
        if from > 0 {
            entries.select_nth_unstable(from);
        }
        let mut entries = entries.split_off(from);
        entries.sort_unstable();
        self.positions(&entries)
    }

    fn collect<const N: usize>(
        &self,
        chosen: &Chosen<'s>,
        at: usize,
        after: Option<&[u64; N]>,
        best: &mut Best<N>,
    ) -> Result<(), SearchError> {
        let segment: &Arc<Segment> = &chosen.view.segments[at];
        let written = segment.written()?;
        let index = u64::from(chosen.view.indices[at]) << WRITTEN_BITS;
        let mut block: Vec<Entry<N>> = Vec::new();
        let mut reader = Reader::default();
        chosen.blocks(at, |docs| {
            block.clear();
            block.extend(docs.iter().map(|doc| Entry { keys: [0; N], segment: at as u32, doc: *doc }));
            for (number, key) in self.keys.iter().enumerate() {
                key.fill(at, docs, &mut reader, |place, value| block[place].keys[number] = value);
            }
            let (_, values) = reader.read(&written, docs);
            block.iter_mut().zip(values).for_each(|(entry, written)| entry.keys[N - 1] = index | written);
            for entry in &block {
                if after.is_none_or(|after| entry.keys > *after) {
                    best.offer(entry);
                }
            }
        })
    }

    /// What a position stands for.
    fn entry<const N: usize>(&self, after: &[Value]) -> Result<[u64; N], SearchError> {
        let fault = || SearchError::Refused("this is not a position in this order".to_owned());
        let (Some(tie), true) = (after.last().and_then(Value::as_u64), after.len() == self.keys.len() + 1)
        else {
            return Err(fault());
        };
        let mut keys = [0; N];
        for ((key, value), place) in self.keys.iter().zip(after).zip(&mut keys) {
            *place = key.read(value)?.ok_or_else(fault)?;
        }
        keys[N - 1] = tie;
        Ok(keys)
    }

    fn positions<const N: usize>(&self, entries: &[Entry<N>]) -> Result<Vec<Row>, SearchError> {
        let row = |entry: &Entry<N>| Row {
            segment: entry.segment as usize,
            doc: entry.doc,
            position: Vec::with_capacity(self.keys.len() + 1),
        };
        let mut rows: Vec<_> = entries.iter().map(row).collect();
        for (number, key) in self.keys.iter().enumerate() {
            let keys: Vec<_> = entries.iter().map(|entry| entry.keys[number]).collect();
            rows.iter_mut().zip(key.write(&keys)?).for_each(|(row, value)| row.position.push(value));
        }
        rows.iter_mut().zip(entries).for_each(|(row, entry)| row.position.push(entry.keys[N - 1].into()));
        Ok(rows)
    }
}

/// The first entries of those that were offered.
struct Best<const N: usize> {
    entries: Vec<Entry<N>>,
    most: usize,
    /// What is not below it is not among the first.
    limit: Option<[u64; N]>,
}

impl<const N: usize> Best<N> {
    fn offer(&mut self, entry: &Entry<N>) {
        if self.limit.is_some_and(|limit| entry.keys >= limit) {
            return;
        }
        self.entries.push(*entry);
        if self.entries.len() >= self.most.saturating_mul(2).max(4096) {
            let (_, last, _) = self.entries.select_nth_unstable(self.most);
            self.limit = Some(last.keys);
            self.entries.truncate(self.most);
        }
    }
}

impl<'s> Key<'s> {
    fn new(chosen: &Chosen<'s>, sort: &Sort) -> Result<Self, SearchError> {
        let view = chosen.view;
        let scope = Scope { path: sort.nested.clone().unwrap_or_default() };
        let within = chosen.with_scope(scope);
        let leaf = within.leaf(&sort.field);
        if let Some(fault) = leaf.and_then(uncountable) {
            return Err(fault);
        }
        let mut key = Key { descending: sort.descending, kind: None, columns: Vec::new(), raised: None };
        let Some(leaf) = leaf else { return Ok(key) };
        key.columns = within.columns(&sort.field)?;
        key.kind = Some(match leaf.reading {
            Reading::Number { numeric, .. } => Told::Numbers(numeric),
            _ => Told::Terms(view.ordinals(&sort.field)?),
        });
        if sort.nested.is_some() {
            let segments = view.segments.iter().enumerate();
            key.raised = Some(
                segments
                    .map(|(at, segment)| key.raise(at, segment, &within.scope))
                    .collect::<Result<_, _>>()?,
            );
        }
        Ok(key)
    }

    /// The value of each document, of those of its nested objects.
    fn raise(&self, at: usize, segment: &Segment, scope: &Scope) -> Result<Vec<u64>, SearchError> {
        let mut raised = vec![MISSING; segment.len() as usize];
        let (Some(values), Some(level)) = (self.columns[at], scope.level(&segment.layout)) else {
            return Ok(raised);
        };
        if !is_within(&segment.layout, level, ROOT) {
            return Ok(raised);
        }
        let roots: &Bits = segment.live(ROOT)?;
        for doc in segment.live(level)?.iter() {
            let Some(root) = roots.next(doc) else { continue };
            for value in values.column.values_for_doc(doc) {
                let place = &mut raised[root as usize];
                *place = self.value(at, value).min(*place);
            }
        }
        Ok(raised)
    }

    /// The value of a segment's column, so that what comes first is less.
    fn value(&self, at: usize, column: u64) -> u64 {
        let value = match &self.kind {
            // Uneven, so that there is room for what is between two terms.
            Some(Told::Terms(ordinals)) => ordinals.of(at, column) as u64 * 2 + 1,
            _ => column,
        };
        if self.descending { !value } else { value }
    }

    /// Calls with the value of each document.
    fn fill(&self, at: usize, docs: &[u32], reader: &mut Reader, mut put: impl FnMut(usize, u64)) {
        if let Some(raised) = &self.raised {
            return docs.iter().enumerate().for_each(|(place, doc)| put(place, raised[at][*doc as usize]));
        }
        let Some(Some(values)) = self.columns.get(at) else {
            return (0..docs.len()).for_each(|place| put(place, MISSING));
        };
        let (having, found) = reader.read(&values.column, docs);
        let mut pairs = having.iter().zip(found).peekable();
        for (place, doc) in docs.iter().enumerate() {
            let mut best = MISSING;
            while let Some((_, value)) = pairs.next_if(|(having, _)| *having == doc) {
                best = best.min(self.value(at, *value));
            }
            put(place, best);
        }
    }

    /// What an entry of a position stands for; `None` if it cannot be one.
    fn read(&self, value: &Value) -> Result<Option<u64>, SearchError> {
        let found = match (value, &self.kind) {
            (Value::Null, _) => return Ok(Some(MISSING)),
            (Value::String(text), Some(Told::Terms(ordinals))) => match ordinals.find(&self.columns, text)? {
                Ok(term) => Some(term as u64 * 2 + 1),
                Err(next) => Some(next as u64 * 2),
            },
            (Value::Number(number), Some(Told::Numbers(numeric))) => {
                numeric.asked(&Scalar::Number(number.clone())).ok().flatten()
            }
            (Value::Bool(value), Some(Told::Numbers(numeric))) => {
                numeric.asked(&Scalar::Boolean(*value)).ok().flatten()
            }
            _ => None,
        };
        Ok(found.map(|value| if self.descending { !value } else { value }))
    }

    /// What stands in positions.
    fn write(&self, keys: &[u64]) -> Result<Vec<Value>, SearchError> {
        let plain = |key: &u64| if self.descending { !*key } else { *key };
        match &self.kind {
            None => Ok(vec![Value::Null; keys.len()]),
            Some(Told::Numbers(numeric)) => {
                let value = |key: &u64| match numeric.scalar(plain(key)) {
                    Scalar::Number(number) => Value::Number(number),
                    Scalar::Boolean(boolean) => Value::Bool(boolean),
                    Scalar::Text(text) => Value::String(text),
                };
                Ok(keys.iter().map(|key| if *key == MISSING { Value::Null } else { value(key) }).collect())
            }
            Some(Told::Terms(ordinals)) => {
                let present = keys.iter().filter(|key| **key != MISSING);
                let mut terms: Vec<_> = present.map(|key| (plain(key) / 2) as usize).collect();
                terms.sort_unstable();
                terms.dedup();
                let texts = ordinals.texts(&self.columns, &terms)?;
                let text = |key: &u64| {
                    let found = terms.binary_search(&((plain(key) / 2) as usize));
                    found.map_or(Value::Null, |at| Value::String(texts[at].clone()))
                };
                Ok(keys.iter().map(|key| if *key == MISSING { Value::Null } else { text(key) }).collect())
            }
        }
    }
}
