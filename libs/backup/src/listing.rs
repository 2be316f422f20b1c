//! The list of the objects of a backup: a line of JSON for each, in the order of the store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{BackupError, FileWriter, Place, StoredFile, reading};

/// The longest line, in bytes: an object of some terabytes.
const LONGEST: usize = 256 * 1024 * 1024;

/// An object, as its store kept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What all versions of an object have in common, and what the list is in the order of.
    pub object: String,
    /// The path of its record.
    pub path: String,
    /// Its record.
    pub record: String,
    /// The files of its bytes.
    pub files: Vec<Listed>,
}

/// A file of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path in the store.
    pub path: String,
    /// Its bytes.
    #[serde(flatten)]
    pub file: StoredFile,
}

/// Writes a list.
pub struct ListWriter<'p>(FileWriter<'p>);

impl<'p> ListWriter<'p> {
    /// Into this file.
    pub fn new(file: FileWriter<'p>) -> Self {
        Self(file)
    }

    /// Adds an object.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn add(&mut self, entry: &Entry) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(entry).expect("invariant: it has texts and numbers only");
        line.push(b'\n');
        self.0.write(&line).await
    }

    /// The list, after the last object.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn finish(self) -> Result<StoredFile, BackupError> {
        self.0.finish().await
    }
}

/// Reads a list, a piece at a time.
pub struct ListReader {
    place: Place,
    pieces: VecDeque<crate::StoredPiece>,
    buffer: Vec<u8>,
    /// What of the buffer was read.
    read: usize,
}

impl ListReader {
    /// Of the list `file`.
    pub fn new(place: &Place, file: &StoredFile) -> Self {
        let pieces = file.pieces.iter().cloned().collect();
        Self { place: place.clone(), pieces, buffer: Vec::new(), read: 0 }
    }

    /// The next object; `None` after the last.
    ///
    /// # Errors
    /// When the list is damaged.
    pub async fn next(&mut self) -> Result<Option<Entry>, BackupError> {
        const OF: &str = "the list of objects";
        let damaged = |what: &str| BackupError::Damaged { of: OF.to_owned(), what: what.to_owned() };
        let mut looked_at = self.read;
        loop {
            let unread = self.buffer.get(looked_at..).unwrap_or_default();
            if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.get(self.read..looked_at + end).unwrap_or_default();
                let entry = serde_json::from_slice(line).map_err(|_| damaged("a line cannot be read"))?;
                self.read = looked_at + end + 1;
                return Ok(Some(entry));
            }
            let Some(next) = self.pieces.pop_front() else {
                let is_whole = self.read == self.buffer.len();
                return if is_whole { Ok(None) } else { Err(damaged("it is cut off")) };
            };
            self.buffer.drain(..self.read);
            (self.read, looked_at) = (0, self.buffer.len());
            self.buffer.extend_from_slice(&reading::piece(&self.place, &next, OF).await?);
            if self.buffer.len() > LONGEST {
                return Err(damaged("a line is too long"));
            }
        }
    }
}
