//! Telling how far a transfer is, and how each file ended.

use std::path::PathBuf;

use crate::error::TransferError;

/// Is told how far a transfer is.
pub trait Watch: Send + Sync {
    /// What is being done now.
    fn doing(&self, text: &str);
    /// So many files and bytes are to be moved.
    fn total(&self, files: u64, bytes: u64);
    /// So many more bytes are moved, or were there before.
    fn moved(&self, bytes: u64);
    /// So many bytes have to be moved again.
    fn lost(&self, bytes: u64);
    /// A file has come to its end.
    fn ended(&self, outcome: &Outcome);
}

/// How a file ended.
#[derive(Debug)]
pub struct Outcome {
    /// The GUID or URI, as it was given; of an upload the GUID that the file has got, if it has one.
    pub id: Option<String>,
    /// The local file.
    pub path: PathBuf,
    /// Its size, if it is known.
    pub size: Option<u64>,
    /// Checksums that were compared with the record, or that were computed of what was sent.
    pub checksums: Vec<(&'static str, String)>,
    /// How it ended.
    pub end: Result<Ended, TransferError>,
}

/// Ends that are no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All bytes were moved.
    Moved,
    /// It was there before.
    Present,
    /// It would be moved, but this was a dry run.
    Planned,
}
