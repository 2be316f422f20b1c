//! The objects of an endpoint, and what its operations share.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use s3s::S3Result;
use tokio::sync::mpsc;

use crate::{
    completion,
    disk::{Disk, Found},
    draft,
    index::Index,
    layout::{Layout, check_key},
    room::{Room, failed},
    takeover::Takeover,
    uploads::Uploads,
    version::Meant,
};

/// An object that was completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// Where it is.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// The objects of an endpoint.
#[derive(Clone)]
pub(crate) struct Objects(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Objects").field(&self.0.disk.layout().root()).finish()
    }
}

pub(crate) struct Inner {
    pub(crate) disk: Disk,
    pub(crate) uploads: Uploads,
    pub(crate) room: Room,
    /// Whose all buckets and objects are.
    pub(crate) owner: String,
    notices: mpsc::Sender<Completed>,
    /// Nobody else uses the folder while it is open.
    lock: Mutex<Option<File>>,
}

impl Objects {
    /// Opens the store in a folder; one of an earlier version is taken over.
    ///
    /// # Errors
    /// When the folder cannot be read or written, or somebody else uses it.
    pub(crate) fn open(
        root: &Path,
        owner: &str,
        buckets: &[String],
        reserve: Option<u64>,
        notices: mpsc::Sender<Completed>,
    ) -> io::Result<Self> {
        draft::private_folder(root)?;
        let lock = lock(root)?;
        draft::prepare(root)?;
        let layout = Layout::new(root);
        let takeover = Takeover::find(&layout, buckets)?;
        layout.prepare()?;
        for bucket in buckets {
            layout.make_bucket(bucket)?;
        }
        let uploads = Uploads::open(&layout)?;
        takeover.run(&layout)?;
        let index = Index::open(&layout)?;
        let room = Room::new(root, reserve)?;
        let (disk, owner) = (Disk::new(layout, index), owner.to_owned());
        Ok(Self(Arc::new(Inner { disk, uploads, room, owner, notices, lock: Mutex::new(Some(lock)) })))
    }

    /// What is to be done every few seconds.
    pub(crate) async fn maintain(&self) {
        let inner = self.0.clone();
        let done = working(move || inner.disk.index().maintain(inner.disk.layout()).map_err(failed)).await;
        if done.is_err() {
            tracing::warn!("the index of the object store cannot be put on the disk");
        }
    }

    /// Deletes what is left of uploads that nobody goes on with.
    pub(crate) async fn forget_old_uploads(&self) {
        let inner = self.0.clone();
        let forgotten = working(move || inner.store().forget_old(SystemTime::now()).map_err(failed));
        if forgotten.await.is_err() {
            tracing::warn!("old uploads of the object store cannot be deleted");
        }
    }

    /// Ends in good order. What is still written after this is found at the next start.
    pub(crate) fn close(&self) {
        self.0.disk.index().close();
        drop(self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(crate) fn notice(&self, bucket: &str, key: &str) {
        let completed = Completed { bucket: bucket.to_owned(), key: key.to_owned() };
        if self.0.notices.try_send(completed).is_err() {
            tracing::debug!("nobody reads the notices of completed objects");
        }
    }

    /// The object with this key, or the version of it that a request names, and how its version is shown.
    ///
    /// # Errors
    /// 404 when there is none, 405 for a delete marker, 400 for what cannot be a version.
    pub(crate) async fn find(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> S3Result<(Found, Option<String>)> {
        check_key(key)?;
        let meant = Meant::read(version)?;
        let (inner, bucket, key) = (self.0.clone(), bucket.to_owned(), key.to_owned());
        working(move || {
            let found = inner.disk.find(&bucket, &key, meant)?;
            let shown = inner.disk.shown(&bucket, &found.record)?;
            Ok((found, shown))
        })
        .await
    }
}

impl Inner {
    /// What the ending of an upload works on.
    pub(crate) fn store(&self) -> completion::Store<'_> {
        completion::Store { disk: &self.disk, uploads: &self.uploads, room: &self.room }
    }
}

/// Does work that waits for files.
pub(crate) async fn working<T: Send + 'static>(
    work: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(s3s::S3Error::internal_error(error)),
    }
}

/// The name of the file that is locked while a store is open.
const LOCK: &str = ".lock";

/// Locks a folder against other stores, until the file is dropped or the process ends.
///
/// # Errors
/// `ResourceBusy` when another one has it.
pub(crate) fn lock(root: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let file =
        options.read(true).write(true).create(true).truncate(false).mode(0o600).open(root.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            let message = format!("the object store in {} is in use by another process", root.display());
            Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}
