//! The two formats of tables.

/// The separators of a format.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Between cells.
    pub delimiter: u8,
    /// Between the targets of one link cell.
    pub separator: char,
}

pub(crate) const TSV: Layout = Layout { delimiter: b'\t', separator: ',' };
pub(crate) const CSV: Layout = Layout { delimiter: b',', separator: '#' };
