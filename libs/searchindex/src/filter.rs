//! Which documents a query means.

use std::collections::{BTreeSet, HashSet};

use search::{Query, Range, Scalar, SearchError, Words};
use tantivy::{
    DocSet, TERMINATED, Term,
    columnar::{BytesColumn, Column, ColumnIndex},
    schema::IndexRecordOption,
};

use crate::{
    bits::Bits,
    column::{Values, broken},
    layout::{Layout, Leaf, ROOT, Reading},
    numbers::Numeric,
    snapshot::Segment,
    view::View,
};

/// How many values of a column are read at once.
const BLOCK: usize = 4096;

/// The level of objects that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Its nested path; empty for documents.
    pub(crate) path: String,
}

impl Scope {
    pub(crate) fn documents() -> Self {
        Self { path: String::new() }
    }

    /// Its number in an index; `None` if the index has no such objects.
    pub(crate) fn level(&self, layout: &Layout) -> Option<usize> {
        if self.path.is_empty() { Some(ROOT) } else { layout.level_of(&self.path) }
    }
}

/// The objects of a scope that fulfil a query, in each segment.
pub(crate) fn matching(view: &View, query: &Query, scope: &Scope) -> Result<Vec<Bits>, SearchError> {
    let each = |of: &dyn Fn(&Segment) -> Result<Bits, SearchError>| -> Result<Vec<Bits>, SearchError> {
        view.segments.iter().map(|segment| of(segment)).collect()
    };
    view.go_on()?;
    match query {
        Query::All => each(&|segment| live(segment, scope)),
        Query::None => each(&|segment| Ok(Bits::none(segment.len()))),
        Query::And(queries) => {
            let mut found = each(&|segment| live(segment, scope))?;
            for query in queries {
                let also = matching(view, query, scope)?;
                found.iter_mut().zip(&also).for_each(|(found, also)| found.keep(also));
            }
            Ok(found)
        }
        Query::Or(queries) => {
            let mut found = each(&|segment| Ok(Bits::none(segment.len())))?;
            for query in queries {
                let also = matching(view, query, scope)?;
                found.iter_mut().zip(&also).for_each(|(found, also)| found.join(also));
            }
            Ok(found)
        }
        Query::Not(query) => {
            let not = matching(view, query, scope)?;
            let mut found = each(&|segment| live(segment, scope))?;
            found.iter_mut().zip(&not).for_each(|(found, not)| found.remove(not));
            Ok(found)
        }
        Query::OneOf { field, values } => {
            let wanted = Wanted::new(values);
            each(&|segment| within(segment, scope, field, |leaf, at| one_of(segment, leaf, at, &wanted)))
        }
        Query::Within { field, range } => {
            each(&|segment| within(segment, scope, field, |leaf, at| limited(segment, leaf, at, range)))
        }
        Query::Exists(field) => each(&|segment| exists(segment, scope, field)),
        Query::Nested { path, query } => nested(view, path, query, scope),
        Query::Text { text, words } => each(&|segment| with_words(segment, scope, text, words)),
        Query::Ids(ids) => {
            let ids: BTreeSet<_> = ids.iter().map(String::as_str).collect();
            each(&|segment| with_ids(segment, scope, &ids))
        }
    }
}

/// All objects of a scope.
fn live(segment: &Segment, scope: &Scope) -> Result<Bits, SearchError> {
    match scope.level(&segment.layout) {
        Some(level) => segment.live(level).cloned(),
        None => Ok(Bits::none(segment.len())),
    }
}

/// The objects of a scope that fulfil a condition on a field; none where it is not theirs.
fn within(
    segment: &Segment,
    scope: &Scope,
    field: &str,
    condition: impl Fn(&Leaf, usize) -> Result<Bits, SearchError>,
) -> Result<Bits, SearchError> {
    let layout = &segment.layout;
    match (layout.leaf(field), scope.level(layout)) {
        (Some(at), Some(level)) if layout.leaves[at].level == level => {
            let mut found = condition(&layout.leaves[at], at)?;
            found.keep(segment.live(level)?);
            Ok(found)
        }
        _ => Ok(Bits::none(segment.len())),
    }
}

/// Values that are asked for, by kind.
struct Wanted<'q> {
    values: &'q [Scalar],
    /// As texts, ascending.
    texts: Vec<std::borrow::Cow<'q, str>>,
}

impl<'q> Wanted<'q> {
    fn new(values: &'q [Scalar]) -> Self {
        let mut texts: Vec<_> = values
            .iter()
            .map(|value| match value {
                Scalar::Text(text) => text.as_str().into(),
                Scalar::Number(number) => number.to_string().into(),
                Scalar::Boolean(boolean) => boolean.to_string().into(),
            })
            .collect();
        texts.sort_unstable();
        texts.dedup();
        Self { values, texts }
    }
}

fn one_of(segment: &Segment, leaf: &Leaf, at: usize, wanted: &Wanted<'_>) -> Result<Bits, SearchError> {
    let none = || Ok(Bits::none(segment.len()));
    match &leaf.reading {
        Reading::Text { words, asked, .. } => {
            let texts = wanted.texts.iter().flat_map(|text| asked.words(text));
            let terms: BTreeSet<_> = texts.map(|(_, word)| Term::from_field_text(*words, &word)).collect();
            let mut found = Bits::none(segment.len());
            terms.iter().try_for_each(|term| add_postings(segment, term, &mut found))?;
            Ok(found)
        }
        Reading::Number { numeric, .. } => {
            let Some(values) = segment.values(at)? else { return none() };
            let asked = wanted.values.iter().map(|value| numeric.asked(value));
            let asked: Vec<_> = asked
                .collect::<Result<Vec<_>, _>>()
                .map_err(|fault| SearchError::Refused(format!("failed to create query: {fault}")))?;
            let numbers: HashSet<u64> = asked.into_iter().flatten().collect();
            Ok(with_values(&values.column, segment.len(), &Accepted::numbers(numbers)))
        }
        Reading::Keyword { .. } => {
            let Some(Values { column, terms: Some(terms), .. }) = segment.values(at)? else { return none() };
            let accepted = terms_of(terms, &wanted.texts)?;
            Ok(with_values(column, segment.len(), &accepted))
        }
    }
}

/// The numbers of terms.
fn terms_of(terms: &BytesColumn, texts: &[std::borrow::Cow<'_, str>]) -> Result<Accepted, SearchError> {
    let len = terms.num_terms();
    let mut accepted = Bits::none(len as u32);
    let dictionary = terms.dictionary();
    if texts.len() < len / 16 || texts.len() < 64 {
        for text in texts {
            if let Some(term) = dictionary.term_ord(text.as_bytes()).map_err(broken)? {
                accepted.add(term as u32);
            }
        }
    } else {
        // Both ascend: one walk through both.
        let mut stream = dictionary.stream().map_err(broken)?;
        let mut texts = texts.iter().peekable();
        let mut number = 0;
        while stream.advance() {
            while texts.next_if(|text| text.as_bytes() < stream.key()).is_some() {}
            match texts.peek() {
                None => break,
                Some(text) if text.as_bytes() == stream.key() => accepted.add(number),
                Some(_) => {}
            }
            number += 1;
        }
    }
    Ok(Accepted::terms(&accepted))
}

/// Values of a column that are meant.
enum Accepted {
    None,
    /// From and to.
    Between(u64, u64),
    Terms(Bits),
    Numbers(HashSet<u64>),
}

impl Accepted {
    fn terms(bits: &Bits) -> Self {
        let (Some(first), count) = (bits.next(0), bits.count()) else { return Self::None };
        let last = first + (count as u32 - 1);
        if bits.iter().last() == Some(last) {
            return Self::Between(first.into(), last.into());
        }
        Self::Terms(bits.clone())
    }

    fn numbers(numbers: HashSet<u64>) -> Self {
        match (numbers.iter().next(), numbers.len()) {
            (None, _) => Self::None,
            (Some(only), 1) => Self::Between(*only, *only),
            _ => Self::Numbers(numbers),
        }
    }
}

/// The objects that have one of the values.
fn with_values(column: &Column<u64>, len: u32, accepted: &Accepted) -> Bits {
    let mut found = Bits::none(len);
    let rows = column.values.num_vals();
    let mut hits = Vec::new();
    match accepted {
        Accepted::None => return found,
        Accepted::Between(low, high)
            if *low <= column.values.min_value() && *high >= column.values.max_value() =>
        {
            hits.extend(0..rows);
        }
        // The column would give the rows of its least value for limits below it.
        Accepted::Between(low, high)
            if *high < column.values.min_value() || *low > column.values.max_value() =>
        {
            return found;
        }
        Accepted::Between(low, high) => {
            column.values.get_row_ids_for_value_range(*low..=*high, 0..rows, &mut hits);
        }
        Accepted::Terms(terms) => scan(column, |value| terms.has(value as u32), &mut hits),
        Accepted::Numbers(numbers) => scan(column, |value| numbers.contains(&value), &mut hits),
    }
    if !matches!(column.index, ColumnIndex::Full) {
        column.index.select_batch_in_place(0, &mut hits);
    }
    hits.into_iter().for_each(|doc| found.add(doc));
    found
}

/// The rows whose value is meant.
fn scan(column: &Column<u64>, meant: impl Fn(u64) -> bool, hits: &mut Vec<u32>) {
    let mut block = [0; BLOCK];
    let rows = column.values.num_vals();
    for start in (0..rows).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min((rows - start) as usize)];
        column.values.get_range(start.into(), block);
        hits.extend(block.iter().zip(start..).filter(|(value, _)| meant(**value)).map(|(_, row)| row));
    }
}

fn limited(segment: &Segment, leaf: &Leaf, at: usize, range: &Range) -> Result<Bits, SearchError> {
    let none = Bits::none(segment.len());
    let Reading::Number { numeric, .. } = leaf.reading else { return Ok(none) };
    let Some(values) = segment.values(at)? else { return Ok(none) };
    Ok(match numeric.limits(range) {
        Some((low, high)) => with_values(&values.column, segment.len(), &Accepted::Between(low, high)),
        None => none,
    })
}

fn exists(segment: &Segment, scope: &Scope, field: &str) -> Result<Bits, SearchError> {
    let mut found = Bits::none(segment.len());
    let layout = &segment.layout;
    for at in layout.below(field) {
        if Some(layout.leaves[at].level) == scope.level(layout) {
            found.join(&having(segment, at)?);
        }
    }
    found.keep(&live(segment, scope)?);
    Ok(found)
}

/// The objects that have a value of a leaf.
pub(crate) fn having(segment: &Segment, leaf: usize) -> Result<Bits, SearchError> {
    let known = match &segment.layout.leaves[leaf] {
        // Words have no column of their own beside that of the field.
        Leaf { reading: Reading::Text { there: None, .. }, of: Some(of), .. } => *of,
        _ => leaf,
    };
    let Some(values) = segment.values(known)? else { return Ok(Bits::none(segment.len())) };
    Ok(with_values(&values.column, segment.len(), &Accepted::Between(0, u64::MAX)))
}

fn nested(view: &View, path: &str, query: &Query, scope: &Scope) -> Result<Vec<Bits>, SearchError> {
    let inner_scope = Scope { path: path.to_owned() };
    let inner = matching(view, query, &inner_scope)?;
    let pairs = view.segments.iter().zip(inner);
    pairs
        .map(|(segment, inner)| {
            let layout = &segment.layout;
            match (inner_scope.level(layout), scope.level(layout)) {
                (Some(level), Some(outer)) if is_within(layout, level, outer) => {
                    segment.rise(&inner, level, outer)
                }
                _ => Ok(Bits::none(segment.len())),
            }
        })
        .collect()
}

/// Whether objects of one level are in those of another.
pub(crate) fn is_within(layout: &Layout, mut level: usize, outer: usize) -> bool {
    while level != ROOT {
        level = layout.levels[level].outer;
        if level == outer {
            return true;
        }
    }
    false
}

fn with_ids(segment: &Segment, scope: &Scope, ids: &BTreeSet<&str>) -> Result<Bits, SearchError> {
    let mut found = Bits::none(segment.len());
    for id in ids {
        let term = Term::from_field_bytes(segment.layout.id, id.as_bytes());
        add_postings(segment, &term, &mut found)?;
    }
    found.keep(&live(segment, scope)?);
    Ok(found)
}

/// Adds the objects that have a term.
fn add_postings(segment: &Segment, term: &Term, found: &mut Bits) -> Result<(), SearchError> {
    let index = segment.reader.inverted_index(term.field()).map_err(broken)?;
    let postings = index.read_postings(term, IndexRecordOption::Basic).map_err(broken)?;
    let Some(mut postings) = postings else { return Ok(()) };
    let mut doc = postings.doc();
    while doc != TERMINATED {
        found.add(doc);
        doc = postings.advance();
    }
    Ok(())
}

/// The numbers of the leaves in which words are looked for: whole documents' only.
pub(crate) fn leaves_of(layout: &Layout, words: &Words) -> Vec<usize> {
    let outer = |at: &usize| layout.leaves[*at].level == ROOT;
    let all = (0..layout.leaves.len()).filter(outer);
    match words {
        Words::Fields(fields) => fields.iter().filter_map(|field| layout.leaf(field)).filter(outer).collect(),
        Words::EverySubfield(name) => {
            all.filter(|at| layout.leaves[*at].subfield.as_ref() == Some(name)).collect()
        }
        Words::Everywhere => all.collect(),
    }
}

fn with_words(segment: &Segment, scope: &Scope, text: &str, words: &Words) -> Result<Bits, SearchError> {
    let mut found = Bits::none(segment.len());
    if *scope != Scope::documents() {
        return Ok(found);
    }
    let value = [Scalar::from(text)];
    let wanted = Wanted::new(&value);
    for at in leaves_of(&segment.layout, words) {
        let leaf = &segment.layout.leaves[at];
        let fits = match &leaf.reading {
            // The whole text may be the number that stands there.
            Reading::Number { numeric, .. } => lenient(*numeric, text),
            _ => true,
        };
        if fits {
            found.join(&one_of(segment, leaf, at, &wanted)?);
        }
    }
    found.keep(segment.live(ROOT)?);
    Ok(found)
}

fn lenient(numeric: Numeric, text: &str) -> bool {
    numeric.asked(&Scalar::from(text)).is_ok()
}

/// Why a field cannot be sorted by or counted; `None` if it can.
pub(crate) fn uncountable(leaf: &Leaf) -> Option<SearchError> {
    leaf.is_text().then(|| {
        SearchError::Refused(format!(
            "Text fields are not optimised for operations that require per-document field data like \
             aggregations and sorting, so these operations are disabled by default: [{}]",
            leaf.path
        ))
    })
}
