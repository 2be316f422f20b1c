//! Reads one object once and fills its record.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use indexclient::{Caller, IndexClient, IndexError, Record};
use storage::{Location, ObjectStore, StorageError};
use tokio::sync::mpsc;

use super::digests::{Digests, Summary};
use crate::files::guid_of_key;

/// At most this many pieces of an object are read and not hashed yet. The store's pieces have at most some
/// 100 KiB, so one file takes a few MiB of memory.
const PIECES_AHEAD: usize = 16;

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its record was blank and is filled now.
    Filled {
        /// The record.
        guid: String,
        /// Bytes.
        size: u64,
    },
    /// Its record was filled already.
    AlreadyFilled,
    /// No record belongs to it.
    NoRecord,
    /// It has been deleted in the meantime.
    Gone,
}

/// Why an object could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum IndexingError {
    /// The index failed.
    #[error("the file index failed")]
    Index(#[from] IndexError),
    /// The store failed.
    #[error("the object store failed")]
    Storage(#[from] StorageError),
    /// The object was replaced or cut short while it was read.
    #[error("the object changed while it was read")]
    Changed,
    /// The process is ending.
    #[error("hashing was interrupted")]
    Interrupted,
}

impl IndexingError {
    /// Whether another try may succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Index(error) => matches!(error, IndexError::Unavailable(_) | IndexError::Conflict(_)),
            Self::Storage(error) => error.is_temporary(),
            Self::Changed => true,
            Self::Interrupted => false,
        }
    }
}

/// Fills the records of uploaded objects.
#[derive(Clone)]
pub struct Indexer {
    index: Arc<dyn IndexClient>,
    store: Arc<dyn ObjectStore>,
}

impl std::fmt::Debug for Indexer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Indexer").finish_non_exhaustive()
    }
}

/// Whether a record still waits for its bytes.
pub(super) fn is_blank(record: &Record) -> bool {
    record.size.is_none() && record.hashes.is_empty()
}

impl Indexer {
    /// Reads objects from `store` and fills records of `index`.
    pub fn new(index: Arc<dyn IndexClient>, store: Arc<dyn ObjectStore>) -> Self {
        Self { index, store }
    }

    /// Fills the record of the object at `location`, if it is blank. Safe to repeat.
    ///
    /// # Errors
    /// When the index or the store fails, or the object changes meanwhile.
    pub async fn index(&self, location: &Location) -> Result<Outcome, IndexingError> {
        let Some(guid) = guid_of_key(location.key()) else { return Ok(Outcome::NoRecord) };
        // By its very GUID: an alias or a family of versions is nobody's upload.
        let record = self.index.get(guid).await?.filter(|record| record.did == guid);
        let Some(record) = record else { return Ok(Outcome::NoRecord) };
        if !is_blank(&record) {
            return Ok(Outcome::AlreadyFilled);
        }
        let before = match self.store.head(location).await {
            Err(StorageError::NotFound) => return Ok(Outcome::Gone),
            before => before?,
        };
        let summary = self.read(location).await?;
        if summary.size != before.size || self.store.head(location).await? != before {
            return Err(IndexingError::Changed);
        }
        let size = i64::try_from(summary.size).map_err(|_| IndexingError::Changed)?;
        let revision = record.revision();
        let urls = [location.s3_url()];
        self.index.fill_blank(&Caller::Service, &revision, size, &summary.hashes, &urls).await?;
        Ok(Outcome::Filled { guid: record.did, size: summary.size })
    }

    /// Reads the object once. Hashing has a thread of its own, so that it does not hold up other requests.
    async fn read(&self, location: &Location) -> Result<Summary, IndexingError> {
        let mut pieces = self.store.read(location, None).await?;
        let (sender, mut receiver) = mpsc::channel::<bytes::Bytes>(PIECES_AHEAD);
        let hashing = tokio::task::spawn_blocking(move || {
            let mut digests = Digests::default();
            while let Some(piece) = receiver.blocking_recv() {
                digests.update(&piece);
            }
            digests.finish()
        });
        while let Some(piece) = pieces.try_next().await? {
            sender.send(piece).await.map_err(|_| IndexingError::Interrupted)?;
        }
        drop(sender);
        hashing.await.map_err(|_| IndexingError::Interrupted)
    }
}
