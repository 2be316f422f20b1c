//! Where backups are: a folder, or keys of a bucket.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use chrono::DateTime;
use futures_util::StreamExt as _;
use storage::{Bucket, Location, ObjectStore, StorageError};

use crate::BackupError;

/// Folder of what is being written. Only folders have it.
pub(crate) const DRAFTS: &str = "drafts";

/// A place of backups. Names in it are like `pieces/ab/abcd`; whatever has one was written whole.
#[derive(Clone)]
pub struct Place {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Folder(PathBuf),
    Store { store: Arc<dyn ObjectStore>, bucket: Bucket, prefix: String },
}

/// Something at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// When it was written, by the clock of the place.
    pub(crate) written: SystemTime,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Folder(folder) => write!(f, "{}", folder.display()),
            Kind::Store { bucket, prefix, .. } => write!(f, "{bucket}/{}", prefix.trim_end_matches('/')),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl Place {
    /// A folder of this machine; it need not be there yet.
    pub fn folder(path: &Path) -> Self {
        Self { kind: Kind::Folder(path.to_owned()) }
    }

    /// The keys of a bucket that begin with `prefix`, as if that were a folder.
    pub fn store(store: Arc<dyn ObjectStore>, bucket: Bucket, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { kind: Kind::Store { store, bucket, prefix } }
    }

    /// The folder, if it is one.
    pub fn as_folder(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Folder(folder) => Some(folder),
            Kind::Store { .. } => None,
        }
    }

    fn failed(&self, source: StorageError) -> BackupError {
        BackupError::Store { place: self.to_string(), source }
    }

    /// What has this name; `None` when there is nothing.
    ///
    /// # Errors
    /// When it cannot be read, or has more than `most` bytes.
    pub(crate) async fn read(&self, name: &str, most: u64) -> Result<Option<Bytes>, BackupError> {
        let (store, location) = match &self.kind {
            Kind::Folder(folder) => {
                let path = folder.join(name);
                return blocking(path, move |path| read_file(path, most)).await;
            }
            Kind::Store { store, bucket, prefix } => (store, located(bucket, prefix, name)),
        };
        let location = location.map_err(|error| self.failed(error))?;
        let mut stream = match store.read(&location, None).await {
            Ok(stream) => stream,
            Err(StorageError::NotFound) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let mut whole = Vec::new();
        while let Some(part) = stream.next().await {
            whole.extend_from_slice(&part.map_err(|error| self.failed(error))?);
            if whole.len() as u64 > most {
                return Err(too_large(&location.url(), most));
            }
        }
        Ok(Some(whole.into()))
    }

    /// Writes something, whole or not at all, and returns when it is there to stay.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn write(&self, name: &str, bytes: Bytes) -> Result<(), BackupError> {
        match &self.kind {
            Kind::Folder(folder) => {
                let (root, path) = (folder.clone(), folder.join(name));
                blocking(path, move |path| write_file(&root, path, &bytes)).await
            }
            Kind::Store { store, bucket, prefix } => {
                let location = located(bucket, prefix, name).map_err(|error| self.failed(error))?;
                store.write(&location, bytes).await.map_err(|error| self.failed(error))
            }
        }
    }

    /// Deletes something, whether it is there or not.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), BackupError> {
        match &self.kind {
            Kind::Folder(folder) => {
                blocking(folder.join(name), |path| match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                })
                .await
            }
            Kind::Store { store, bucket, prefix } => {
                let location = located(bucket, prefix, name).map_err(|error| self.failed(error))?;
                store.delete(&location).await.map_err(|error| self.failed(error))
            }
        }
    }

    /// Calls `work` for everything whose name begins with `below`, a folder (`pieces/`) or nothing.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub(crate) async fn each(
        &self,
        below: &str,
        mut work: impl FnMut(Found) + Send,
    ) -> Result<(), BackupError> {
        let (store, bucket, prefix) = match &self.kind {
            Kind::Folder(folder) => {
                let (root, start) = (folder.clone(), folder.join(below));
                let found = blocking(start, move |start| walk(&root, start)).await?;
                found.into_iter().for_each(work);
                return Ok(());
            }
            Kind::Store { store, bucket, prefix } => (store, bucket, prefix),
        };
        let (beginning, mut next) = (format!("{prefix}{below}"), None);
        loop {
            let page = store.list(bucket, &beginning, next.as_deref()).await;
            let page = page.map_err(|error| self.failed(error))?;
            for listed in page.objects {
                let Some(name) = listed.key.strip_prefix(prefix.as_str()) else { continue };
                let written = DateTime::parse_from_rfc3339(&listed.modified);
                let written = written.map_or(SystemTime::UNIX_EPOCH, SystemTime::from);
                work(Found { name: name.to_owned(), size: listed.size, written });
            }
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether there is anything.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub(crate) async fn is_empty(&self) -> Result<bool, BackupError> {
        match &self.kind {
            Kind::Folder(folder) => {
                blocking(folder.clone(), |folder| match fs::read_dir(folder) {
                    Ok(mut entries) => Ok(entries.next().is_none()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
                    Err(error) => Err(error),
                })
                .await
            }
            Kind::Store { store, bucket, prefix } => {
                let page = store.list(bucket, prefix, None).await.map_err(|error| self.failed(error))?;
                Ok(page.objects.is_empty())
            }
        }
    }
}

fn located(bucket: &Bucket, prefix: &str, name: &str) -> Result<Location, StorageError> {
    Location::within(bucket.clone(), format!("{prefix}{name}"))
}

fn too_large(of: &str, most: u64) -> BackupError {
    BackupError::TooLarge(format!("{of} has more than {most} bytes, which nothing in a backup has"))
}

/// Runs what blocks on `path`.
async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, BackupError> {
    let shown = path.display().to_string();
    let done = tokio::task::spawn_blocking(move || work(&path)).await.map_err(io::Error::other);
    done.and_then(|done| done).map_err(|source| BackupError::File { path: shown, source })
}

fn read_file(path: &Path, most: u64) -> io::Result<Option<Bytes>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut whole = Vec::new();
    file.take(most + 1).read_to_end(&mut whole)?;
    if whole.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "nothing in a backup is so large"));
    }
    Ok(Some(whole.into()))
}

/// The draft is on the disk before it gets its name, and the name before this returns.
fn write_file(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (drafts, folder) = (root.join(DRAFTS), path.parent().unwrap_or(root));
    for folder in [&drafts, folder] {
        if !folder.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
    }
    let draft = drafts.join(format!("{:032x}", rand::random::<u128>()));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        // It is only a draft.
        let _ = fs::remove_file(&draft);
    }
    written?;
    fs::File::open(folder)?.sync_all()
}

/// All files below `start`, named from `root` on.
fn walk(root: &Path, start: &Path) -> io::Result<Vec<Found>> {
    let (mut found, mut folders) = (Vec::new(), vec![start.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let about = match entry.metadata() {
                // It was deleted meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                about => about?,
            };
            let path = entry.path();
            if about.is_dir() {
                folders.push(path);
            } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                let written = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Found { name: name.to_owned(), size: about.len(), written });
            }
        }
    }
    Ok(found)
}
