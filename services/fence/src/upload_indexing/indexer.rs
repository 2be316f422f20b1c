//! Reads one object once and fills its record.

use std::sync::Arc;

use dataaccess::{UploadProgress, UploadStatus};
use futures_util::TryStreamExt as _;
use indexclient::{Caller, IndexClient, IndexError, Record};
use storage::{Location, ObjectInfo, ObjectStore, StorageError};
use tokio::sync::mpsc;

use super::{
    digests::{Digests, Summary},
    pace::Pace,
};
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
    /// It is not there: deleted in the meantime, or not there yet.
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
    progress: Option<Arc<dyn UploadProgress>>,
    pace: Pace,
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
        Self { index, store, progress: None, pace: Pace::default() }
    }

    /// The same, which reads at most so many bytes in a second, of all objects together; 0 for no limit.
    #[must_use]
    pub fn reading_at_most(self, bytes_per_second: u64) -> Self {
        Self { pace: Pace::new(bytes_per_second), ..self }
    }

    /// The same, which tells `progress` how far each upload is.
    #[must_use]
    pub fn telling(self, progress: Arc<dyn UploadProgress>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Tells that the object at `location` is given up.
    pub(super) async fn tell_failed(&self, location: &Location) {
        if let Some(guid) = guid_of_key(location.key()) {
            self.tell(guid, UploadStatus::Error).await;
        }
    }

    /// The record is what counts, so whoever cannot keep the progress holds nothing up.
    async fn tell(&self, guid: &str, status: UploadStatus) {
        let Some(progress) = &self.progress else { return };
        if let Err(error) = progress.note(guid, status).await {
            let error = &*error as &dyn std::error::Error;
            tracing::warn!(file.guid = guid, status = status.as_str(), error, "the progress is not noted");
        }
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
            self.tell(guid, UploadStatus::Uploaded).await;
            return Ok(Outcome::AlreadyFilled);
        }
        let Some(before) = self.head(location).await? else { return Ok(Outcome::Gone) };
        self.tell(guid, UploadStatus::Processing).await;
        let Some(summary) = self.measure_as(location, &before).await? else { return Ok(Outcome::Gone) };
        let size = i64::try_from(summary.size).map_err(|_| IndexingError::Changed)?;
        let revision = record.revision();
        let urls = [location.url()];
        match self.index.fill_blank(&Caller::Service, &revision, size, &summary.hashes, &urls).await {
            // Somebody has deleted it while its bytes were read.
            Err(IndexError::NotFound(_)) => return Ok(Outcome::NoRecord),
            filled => filled?,
        };
        self.tell(guid, UploadStatus::Uploaded).await;
        Ok(Outcome::Filled { guid: record.did, size: summary.size })
    }

    /// Reads the object at `location` once; `None` when it is not there.
    ///
    /// # Errors
    /// When the store fails, or the object changes meanwhile.
    pub(super) async fn measure(&self, location: &Location) -> Result<Option<Summary>, IndexingError> {
        match self.head(location).await? {
            Some(before) => self.measure_as(location, &before).await,
            None => Ok(None),
        }
    }

    /// Reads the object, of which the store has said `before`.
    async fn measure_as(
        &self,
        location: &Location,
        before: &ObjectInfo,
    ) -> Result<Option<Summary>, IndexingError> {
        let summary = match self.read(location).await {
            Err(IndexingError::Storage(StorageError::NotFound)) => return Ok(None),
            summary => summary?,
        };
        match self.head(location).await? {
            None => Ok(None),
            Some(after) if after == *before && after.size == summary.size => Ok(Some(summary)),
            Some(_) => Err(IndexingError::Changed),
        }
    }

    /// What the store knows of the object; `None` when it is not there.
    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, IndexingError> {
        match self.store.head(location).await {
            Ok(info) => Ok(Some(info)),
            Err(StorageError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
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
            self.pace.keep(piece.len()).await;
            sender.send(piece).await.map_err(|_| IndexingError::Interrupted)?;
        }
        drop(sender);
        hashing.await.map_err(|_| IndexingError::Interrupted)
    }
}
