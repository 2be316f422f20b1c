//! The values of a field in one segment, and how they are read.

use search::SearchError;
use tantivy::columnar::{BytesColumn, Column, ColumnIndex};

/// A failure of what is on the disk.
pub(crate) fn broken(error: impl std::error::Error + Send + Sync + 'static) -> SearchError {
    SearchError::Failed(Box::new(error))
}

/// The values of a field in one segment.
#[derive(Clone)]
pub(crate) struct Values {
    /// Numbers of terms, or numbers in the form of [`crate::numbers`].
    pub(crate) column: Column<u64>,
    /// The terms, ascending.
    pub(crate) terms: Option<BytesColumn>,
}

impl Values {
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
