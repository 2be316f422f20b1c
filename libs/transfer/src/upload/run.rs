//! A run of uploads: how files are sent, and what all of them share.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{journal::Journal, put::Sender};
use crate::{commons::Commons, pace::Pace, watch::Watch};

/// Smallest part that S3 takes, but for the last one.
pub const SMALLEST_PART: u64 = 5 * 1024 * 1024;
/// Most bytes that S3 takes at once.
pub(super) const LARGEST_PUT: u64 = 5 * 1024 * 1024 * 1024;

/// How files are uploaded.
#[derive(Debug)]
pub struct UploadOptions {
    /// Resource paths of the new records; without any they belong to who uploads them.
    pub authz: Vec<String>,
    /// The bucket, if it is not the one that the commons takes by default.
    pub bucket: Option<String>,
    /// Whether each file has metadata in a file beside it.
    pub with_metadata: bool,
    /// Whether files are sent again that the journal has.
    pub again: bool,
    /// Most connections for bytes at the same time.
    pub parallel: usize,
    /// Files with more bytes are sent in parts.
    pub largest_whole: u64,
    /// Size of a part.
    pub part_size: u64,
    /// Bytes a second.
    pub pace: Arc<Pace>,
    /// How long to wait until the commons has size and checksums of each file; not at all without it.
    pub wait: Option<Duration>,
    /// What was sent and begun.
    pub journal: PathBuf,
}

/// A file that the commons has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// GUID of its record.
    pub guid: String,
    /// Its MD5.
    pub md5: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size.
    pub size: u64,
    /// Name in the record.
    pub name: String,
}

/// A run of uploads.
pub(super) struct Uploads<'a> {
    pub(super) commons: &'a Commons,
    pub(super) options: &'a UploadOptions,
    pub(super) journal: Journal,
    pub(super) sender: Sender<'a>,
    pub(super) watch: &'a Arc<dyn Watch>,
    pub(super) turns: Semaphore,
}

impl Uploads<'_> {
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }
}
