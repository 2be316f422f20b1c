//! The values of a field in one segment, and how they are read.

use std::{borrow::Cow, sync::OnceLock};

use search::SearchError;
use tantivy::columnar::{BytesColumn, Column, ColumnIndex};

/// How many values are read at once.
const BLOCK: usize = 2_048;

/// A failure of what is on the disk.
pub(crate) fn broken(error: impl std::error::Error + Send + Sync + 'static) -> SearchError {
    SearchError::Failed(Box::new(error))
}

/// The values of a field in one segment.
pub(crate) struct Values {
    /// Numbers of terms, or numbers in the form of [`crate::numbers`].
    pub(crate) column: Column<u64>,
    /// The terms, ascending.
    pub(crate) terms: Option<BytesColumn>,
    /// How often each term occurs in the segment, once somebody has counted.
    counts: OnceLock<Vec<u32>>,
}

/// Counts of more terms are not kept.
const KEPT_COUNTS: usize = 4_096;

impl Values {
    pub(crate) fn new(column: Column<u64>, terms: Option<BytesColumn>) -> Self {
        Self { column, terms, counts: OnceLock::new() }
    }

    /// How often each term occurs in the whole segment, which does not change. Counted once, unless it has
    /// very many terms.
    pub(crate) fn whole_counts(&self) -> Cow<'_, [u32]> {
        let len = self.terms.as_ref().map_or(0, BytesColumn::num_terms);
        if len <= KEPT_COUNTS {
            Cow::Borrowed(self.counts.get_or_init(|| self.count_terms(len)))
        } else {
            Cow::Owned(self.count_terms(len))
        }
    }

    fn count_terms(&self, len: usize) -> Vec<u32> {
        let mut counts = vec![0; len];
        self.all(|terms| terms.iter().for_each(|term| counts[*term as usize] += 1));
        counts
    }

    /// Calls for all values of the segment, in blocks.
    pub(crate) fn all(&self, mut found: impl FnMut(&[u64])) {
        let mut block = [0; BLOCK];
        let rows = self.column.values.num_vals();
        for start in (0..rows).step_by(BLOCK) {
            let block = &mut block[..BLOCK.min((rows - start) as usize)];
            self.column.values.get_range(start.into(), block);
            found(block);
        }
    }

    /// Whether no document has more than one.
    pub(crate) fn single(&self) -> bool {
        !matches!(self.column.index, ColumnIndex::Multivalued(_))
    }
}

/// Reads the values of some objects.
#[derive(Default)]
pub(crate) struct Reader {
    docs: Vec<u32>,
    rows: Vec<u32>,
    values: Vec<u64>,
}

impl Reader {
    /// Pairs of an object and a value; objects ascend, as they are given.
    pub(crate) fn read<'r>(&'r mut self, column: &Column<u64>, wanted: &'r [u32]) -> (&'r [u32], &'r [u64]) {
        if let ColumnIndex::Full = column.index {
            self.values.resize(wanted.len(), 0);
            read(column, wanted, &mut self.values);
            return (wanted, &self.values);
        }
        self.docs.clear();
        self.rows.clear();
        column.row_ids_for_docs(wanted, &mut self.docs, &mut self.rows);
        self.values.resize(self.rows.len(), 0);
        read(column, &self.rows, &mut self.values);
        (&self.docs, &self.values)
    }
}

/// Values of rows, which ascend.
fn read(column: &Column<u64>, rows: &[u32], block: &mut [u64]) {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) if (last - first) as usize == rows.len() - 1 => {
            column.values.get_range(u64::from(*first), block);
        }
        _ => column.values.get_vals(rows, block),
    }
}
