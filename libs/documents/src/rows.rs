//! Rows and cells of a table, as Python's `csv` module reads them (excel dialect).

use std::io::Read;

use crate::{
    fault::Fault,
    input::{Input, not_utf8, unreadable},
    limits::{LARGEST_CELL, LARGEST_DOCUMENT, MOST_COLUMNS},
};

/// A row, with the line that it begins in.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub line: usize,
    text: Vec<u8>,
    /// Where each cell ends.
    cells: Vec<usize>,
    /// Whether the cells beyond those that are kept hold anything; `None` if there are no such cells.
    excess: Option<bool>,
}

impl Row {
    fn begin(&mut self, line: usize) {
        self.line = line;
        self.text.clear();
        self.cells.clear();
        self.excess = None;
    }

    fn start(&self) -> usize {
        self.cells.last().copied().unwrap_or_default()
    }

    fn end_cell(&mut self) {
        let start = self.start();
        if self.cells.len() <= MOST_COLUMNS {
            self.cells.push(self.text.len());
            return;
        }
        let is_blank = is_blank(&self.text[start..]);
        self.excess = Some(self.excess.unwrap_or(false) || !is_blank);
        self.text.truncate(start);
    }

    /// The length of all its cells, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The number of cells; those beyond [`MOST_COLUMNS`] count as one.
    pub(crate) fn len(&self) -> usize {
        self.cells.len() + usize::from(self.excess.is_some())
    }

    /// The cells as text.
    pub(crate) fn cells(&self) -> Result<Vec<&str>, Fault> {
        let text = std::str::from_utf8(&self.text).map_err(|_| not_utf8())?;
        let mut start = 0;
        let cell = |end: &usize| {
            let cell = text.get(start..*end).ok_or_else(not_utf8);
            start = *end;
            cell
        };
        self.cells.iter().map(cell).collect()
    }

    /// Whether it has only blank cells: such rows do not count at all.
    pub(crate) fn is_blank(&self) -> bool {
        self.excess != Some(true) && is_blank(&self.text)
    }

    /// Whether a cell that is not blank stands beyond the first `count`.
    pub(crate) fn has_beyond(&self, count: usize) -> bool {
        let start = count.checked_sub(1).and_then(|last| self.cells.get(last)).copied();
        let start = start.unwrap_or_default();
        self.excess == Some(true) || self.cells.len() > count && !is_blank(&self.text[start..])
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(char::is_whitespace))
}

/// Reads rows.
pub(crate) struct Rows<R> {
    pub input: Input<R>,
    delimiter: u8,
    line: usize,
}

impl<R: Read> Rows<R> {
    /// `delimiter` is an ASCII character.
    pub(crate) fn new(input: Input<R>, delimiter: u8) -> Self {
        Self { input, delimiter, line: 1 }
    }

    /// Reads the next row into `row`; `false` at the end.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        row.begin(self.line);
        if self.input.peek()?.is_none() {
            return Ok(false);
        }
        loop {
            if self.input.peek()? == Some(b'"') {
                self.read_quoted(row)?;
            }
            self.read_plain(row)?;
            row.end_cell();
            let next = self.input.peek()?;
            self.input.take(1);
            match next {
                Some(byte) if byte == self.delimiter => {}
                Some(byte) => {
                    if byte == b'\r' && self.input.peek()? == Some(b'\n') {
                        self.input.take(1);
                    }
                    self.line += 1;
                    return Ok(true);
                }
                None => return Ok(true),
            }
        }
    }

    /// Reads up to the next delimiter or line end.
    fn read_plain(&mut self, row: &mut Row) -> Result<(), Fault> {
        let (delimiter, line) = (self.delimiter, self.line);
        loop {
            let available = self.input.available()?;
            let is_end = |byte: &u8| *byte == delimiter || *byte == b'\n' || *byte == b'\r';
            let end = available.iter().position(is_end);
            let count = end.unwrap_or(available.len());
            append(row, &available[..count], line)?;
            self.input.take(count);
            if end.is_some() || count == 0 {
                return Ok(());
            }
        }
    }

    /// Reads a quoted part, in which two quotes stand for one. What follows up to the delimiter belongs to
    /// the cell, too.
    fn read_quoted(&mut self, row: &mut Row) -> Result<(), Fault> {
        let begin = self.line;
        self.input.take(1);
        loop {
            let available = self.input.available()?;
            if available.is_empty() {
                return Err(unreadable(format!("the quote that begins in line {begin} is not closed")));
            }
            let end = available.iter().position(|byte| *byte == b'"');
            let count = end.unwrap_or(available.len());
            let newlines = available[..count].iter().filter(|byte| **byte == b'\n').count();
            append(row, &available[..count], begin)?;
            self.line += newlines;
            self.input.take(count + usize::from(end.is_some()));
            if end.is_none() {
                continue;
            }
            if self.input.peek()? != Some(b'"') {
                return Ok(());
            }
            self.input.take(1);
            append(row, b"\"", begin)?;
        }
    }
}

fn append(row: &mut Row, bytes: &[u8], line: usize) -> Result<(), Fault> {
    row.text.extend_from_slice(bytes);
    if row.text.len() - row.start() > LARGEST_CELL {
        return Err(unreadable(format!("a cell in line {line} is larger than {LARGEST_CELL} bytes")));
    }
    if row.text.len() > LARGEST_DOCUMENT {
        return Err(unreadable(format!(
            "the row that begins in line {} is larger than {LARGEST_DOCUMENT} bytes",
            row.line
        )));
    }
    Ok(())
}
