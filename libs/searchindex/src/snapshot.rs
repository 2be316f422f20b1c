//! What an index held at a moment.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use search::SearchError;
use tantivy::{SegmentReader, columnar::Column, store::StoreReader};

use crate::{
    bits::Bits,
    column::{Values, broken},
    layout::{LEVEL, Layout, ROOT, Reading, WRITTEN, column_name},
    ordinals::Ordinals,
};

/// Blocks of stored documents that are kept unpacked, for each segment.
const STORE_BLOCKS: usize = 16;

/// A part of an index. Its documents never change, save that they go.
pub(crate) struct Segment {
    pub(crate) reader: SegmentReader,
    pub(crate) layout: Arc<Layout>,
    /// What is alive, by level.
    live: OnceLock<Vec<Bits>>,
    columns: Vec<OnceLock<Option<Values>>>,
    store: OnceLock<StoreReader>,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("id", &self.reader.segment_id()).finish_non_exhaustive()
    }
}

impl Segment {
    pub(crate) fn new(reader: SegmentReader, layout: Arc<Layout>) -> Self {
        let columns = layout.leaves.iter().map(|_| OnceLock::new()).collect();
        Self { reader, layout, live: OnceLock::new(), columns, store: OnceLock::new() }
    }

    /// How many objects there are, alive or not.
    pub(crate) fn len(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The objects of a level that are alive.
    pub(crate) fn live(&self, level: usize) -> Result<&Bits, SearchError> {
        if let Some(live) = self.live.get() {
            return Ok(&live[level]);
        }
        let found = self.read_live()?;
        Ok(&self.live.get_or_init(|| found)[level])
    }

    fn read_live(&self) -> Result<Vec<Bits>, SearchError> {
        let len = self.len();
        let mut alive = Bits::all(len);
        if let Some(bits) = self.reader.alive_bitset() {
            (0..len).filter(|doc| bits.is_deleted(*doc)).for_each(|doc| alive.take(doc));
        }
        if self.layout.level.is_none() {
            return Ok(vec![alive]);
        }
        let column = self.reader.fast_fields().u64(LEVEL).map_err(broken)?;
        let mut levels = vec![Bits::none(len); self.layout.levels.len()];
        for doc in alive.iter() {
            if let Some(level) = column.first(doc).and_then(|level| levels.get_mut(level as usize)) {
                level.add(doc);
            }
        }
        Ok(levels)
    }

    /// The values of a leaf; `None` if no object has one.
    pub(crate) fn values(&self, leaf: usize) -> Result<Option<&Values>, SearchError> {
        if let Some(values) = self.columns[leaf].get() {
            return Ok(values.as_ref());
        }
        let found = self.open(leaf)?;
        Ok(self.columns[leaf].get_or_init(|| found).as_ref())
    }

    fn open(&self, leaf: usize) -> Result<Option<Values>, SearchError> {
        let fields = self.reader.fast_fields();
        let name = column_name(leaf);
        Ok(match self.layout.leaves[leaf].reading {
            Reading::Keyword { .. } => fields
                .bytes(&name)
                .map_err(broken)?
                .map(|terms| Values::new(terms.ords().clone(), Some(terms))),
            Reading::Number { .. } | Reading::Text { there: Some(_), .. } => {
                let column = fields.column_opt::<u64>(&name).map_err(broken)?;
                column.map(|column| Values::new(column, None))
            }
            Reading::Text { there: None, .. } => None,
        })
    }

    /// When documents were written.
    pub(crate) fn written(&self) -> Result<Column<u64>, SearchError> {
        self.reader.fast_fields().u64(WRITTEN).map_err(broken)
    }

    /// The stored documents.
    pub(crate) fn store(&self) -> Result<&StoreReader, SearchError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = self.reader.get_store_reader(STORE_BLOCKS).map_err(broken)?;
        Ok(self.store.get_or_init(|| store))
    }

    /// The objects of `outer` in which objects of `level` are, one of `inner` at least.
    pub(crate) fn rise(&self, inner: &Bits, level: usize, outer: usize) -> Result<Bits, SearchError> {
        let mut found = Bits::none(self.len());
        let around = self.live(outer)?;
        debug_assert!(level != outer);
        let mut next = 0;
        while let Some(doc) = inner.next(next) {
            let Some(parent) = around.next(doc) else { break };
            found.add(parent);
            next = parent + 1;
        }
        Ok(found)
    }

    /// The objects of `level` that are in those of `outer`.
    pub(crate) fn descend(&self, outer: &Bits, from: usize, level: usize) -> Result<Bits, SearchError> {
        let mut found = Bits::none(self.len());
        let around = self.live(from)?;
        let mut parent = None;
        for doc in self.live(level)?.iter() {
            if parent.is_none_or(|parent| parent < doc) {
                parent = around.next(doc);
            }
            if parent.is_some_and(|parent| outer.has(parent)) {
                found.add(doc);
            }
        }
        Ok(found)
    }
}

/// What one or several indices held at a moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// The number of the index of each segment.
    pub(crate) indices: Vec<u16>,
    ordinals: Mutex<HashMap<String, Arc<Ordinals>>>,
}

impl Snapshot {
    pub(crate) fn new(segments: Vec<(u16, Arc<Segment>)>) -> Self {
        let (indices, segments) = segments.into_iter().unzip();
        Self { segments, indices, ordinals: Mutex::default() }
    }

    /// The terms of a keyword over all segments.
    pub(crate) fn ordinals(&self, path: &str) -> Result<Arc<Ordinals>, SearchError> {
        let known = || self.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(path) {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(Ordinals::new(&self.columns(path)?)?);
        Ok(Arc::clone(known().entry(path.to_owned()).or_insert(made)))
    }

    /// The values of a field in each segment.
    pub(crate) fn columns(&self, path: &str) -> Result<Vec<Option<&Values>>, SearchError> {
        let of = |segment: &'_ Arc<Segment>| segment.layout.leaf(path);
        self.segments
            .iter()
            .map(|segment| of(segment).map_or(Ok(None), |leaf| segment.values(leaf)))
            .collect()
    }

    /// How a field is read, and its level: as the first of the indices says that has it.
    pub(crate) fn leaf(&self, path: &str) -> Option<&crate::layout::Leaf> {
        self.segments
            .iter()
            .find_map(|segment| segment.layout.leaf(path).map(|at| &segment.layout.leaves[at]))
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> Result<u64, SearchError> {
        self.segments.iter().map(|segment| segment.live(ROOT).map(Bits::count)).sum()
    }
}
