//! Objects that are counted, and how their values are read: block by block, from columns.

use search::SearchError;

use crate::{
    bits::Bits,
    column::{Reader, Values},
    filter::{Scope, having, is_within},
    layout::Leaf,
    snapshot::Segment,
    view::View,
};

/// How many values are read at once.
const BLOCK: usize = 2048;

/// Objects of one segment.
#[derive(Debug, Clone)]
pub(crate) enum Docs {
    /// All that the segment has of a level, and nothing of it was taken away.
    Whole(u64),
    Bits(Bits),
    /// Ascending.
    List(Vec<u32>),
}

impl Docs {
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Whole(count) => *count,
            Self::Bits(bits) => bits.count(),
            Self::List(list) => list.len() as u64,
        }
    }

    /// Calls for all of them in ascending order, in blocks.
    fn blocks(&self, view: &View, live: &Bits, mut found: impl FnMut(&[u32])) -> Result<(), SearchError> {
        let bits = match self {
            Self::List(list) => {
                return list.chunks(BLOCK).try_for_each(|block| {
                    found(block);
                    view.go_on()
                });
            }
            Self::Bits(bits) => bits,
            Self::Whole(_) => live,
        };
        let mut block = Vec::with_capacity(BLOCK);
        for doc in bits.iter() {
            block.push(doc);
            if block.len() == BLOCK {
                found(&block);
                block.clear();
                view.go_on()?;
            }
        }
        found(&block);
        Ok(())
    }
}

/// Objects of one scope, in each segment.
pub(crate) struct Chosen<'s> {
    pub(crate) view: &'s View,
    pub(crate) scope: Scope,
    pub(crate) docs: Vec<Docs>,
}

impl<'s> Chosen<'s> {
    /// The objects of a query's answer.
    pub(crate) fn new(view: &'s View, scope: Scope, found: Vec<Bits>) -> Result<Self, SearchError> {
        let pairs = view.segments.iter().zip(found);
        let docs =
            pairs.map(|(segment, bits)| Self::docs(segment, &scope, bits)).collect::<Result<_, _>>()?;
        Ok(Self { view, scope, docs })
    }

    fn docs(segment: &Segment, scope: &Scope, bits: Bits) -> Result<Docs, SearchError> {
        if segment.reader.has_deletes() {
            return Ok(Docs::Bits(bits));
        }
        let Some(level) = scope.level(&segment.layout) else { return Ok(Docs::List(Vec::new())) };
        let whole = bits == *segment.live(level)?;
        Ok(if whole { Docs::Whole(bits.count()) } else { Docs::Bits(bits) })
    }

    pub(crate) fn count(&self) -> u64 {
        self.docs.iter().map(Docs::count).sum()
    }

    /// How a field is read, if it is one of these objects.
    pub(crate) fn leaf(&self, field: &str) -> Option<&'s Leaf> {
        let leaf = self.view.leaf(field)?;
        let is = |segment: &std::sync::Arc<Segment>| {
            let layout = &segment.layout;
            layout.leaf(field).is_some_and(|at| Some(layout.leaves[at].level) == self.scope.level(layout))
        };
        self.view.segments.iter().any(is).then_some(leaf)
    }

    /// The values of a field in each segment.
    pub(crate) fn columns(&self, field: &str) -> Result<Vec<Option<&'s Values>>, SearchError> {
        let first = self.leaf(field).map(|leaf| std::mem::discriminant(&leaf.reading));
        let mut columns = self.view.columns(field)?;
        for (values, segment) in columns.iter_mut().zip(&self.view.segments) {
            let layout = &segment.layout;
            let fits = layout.leaf(field).map(|at| &layout.leaves[at]).is_some_and(|leaf| {
                Some(leaf.level) == self.scope.level(layout)
                    && first == Some(std::mem::discriminant(&leaf.reading))
            });
            if !fits {
                *values = None;
            }
        }
        Ok(columns)
    }

    /// Calls for all values of a segment, in blocks.
    pub(crate) fn values(
        &self,
        segment: usize,
        values: &Values,
        mut found: impl FnMut(&[u64]),
    ) -> Result<(), SearchError> {
        if let Docs::Whole(_) = self.docs[segment] {
            self.view.go_on()?;
            values.all(found);
            return Ok(());
        }
        self.pairs(segment, values, |_, values| found(values))
    }

    /// Calls for all pairs of an object and a value of it, in blocks; those of an object together and
    /// ascending.
    pub(crate) fn pairs(
        &self,
        segment: usize,
        values: &Values,
        mut found: impl FnMut(&[u32], &[u64]),
    ) -> Result<(), SearchError> {
        let mut reader = Reader::default();
        self.blocks(segment, |wanted| {
            let (docs, values) = reader.read(&values.column, wanted);
            found(docs, values);
        })
    }

    /// Calls for all objects of a segment, in blocks.
    pub(crate) fn blocks(&self, segment: usize, found: impl FnMut(&[u32])) -> Result<(), SearchError> {
        let here = &self.view.segments[segment];
        if let Some(level) = self.scope.level(&here.layout) {
            self.docs[segment].blocks(self.view, here.live(level)?, found)?;
        }
        Ok(())
    }

    /// Which of the objects lack a field.
    pub(crate) fn lacking(&self, field: &str) -> Result<Vec<Docs>, SearchError> {
        let mut lacking = Vec::with_capacity(self.docs.len());
        for (at, segment) in self.view.segments.iter().enumerate() {
            let mut with = Bits::none(segment.len());
            for leaf in segment.layout.below(field) {
                if Some(segment.layout.leaves[leaf].level) == self.scope.level(&segment.layout) {
                    with.join(&having(segment, leaf)?);
                }
            }
            let mut list = Vec::new();
            self.blocks(at, |docs| list.extend(docs.iter().filter(|doc| !with.has(**doc))))?;
            lacking.push(Docs::List(list));
        }
        Ok(lacking)
    }

    /// The nested objects of a path that are in these objects.
    pub(crate) fn nested(&self, path: &str) -> Result<Chosen<'s>, SearchError> {
        let scope = Scope { path: path.to_owned() };
        let mut docs = Vec::with_capacity(self.docs.len());
        for (segment, own) in self.view.segments.iter().zip(&self.docs) {
            let layout = &segment.layout;
            docs.push(match (self.scope.level(layout), scope.level(layout)) {
                (Some(outer), Some(level)) if is_within(layout, level, outer) => match own {
                    Docs::Whole(_) => Docs::Whole(segment.live(level)?.count()),
                    Docs::Bits(bits) => Docs::Bits(segment.descend(bits, outer, level)?),
                    Docs::List(list) => Docs::List(below(segment, list, outer, level)?),
                },
                _ => Docs::List(Vec::new()),
            });
        }
        Ok(Chosen { view: self.view, scope, docs })
    }

    /// The same, to be asked for fields of another scope.
    pub(crate) fn with_scope(&self, scope: Scope) -> Chosen<'s> {
        Chosen { view: self.view, scope, docs: Vec::new() }
    }

    /// Some of these objects.
    pub(crate) fn some(&self, docs: Vec<Docs>) -> Chosen<'s> {
        Chosen { view: self.view, scope: self.scope.clone(), docs }
    }
}

/// The objects of a level that are in some of `outer`, which are few.
fn below(segment: &Segment, list: &[u32], outer: usize, level: usize) -> Result<Vec<u32>, SearchError> {
    let layout = &segment.layout;
    let within = (0..layout.levels.len()).filter(|inner| is_within(layout, *inner, outer));
    let within = within.map(|inner| segment.live(inner)).collect::<Result<Vec<_>, _>>()?;
    let wanted = segment.live(level)?;
    let mut found = Vec::new();
    for parent in list {
        let first = (0..*parent).rev().find(|doc| !within.iter().any(|bits| bits.has(*doc)));
        let first = first.map_or(0, |doc| doc + 1);
        found.extend((first..*parent).filter(|doc| wanted.has(*doc)));
    }
    Ok(found)
}
