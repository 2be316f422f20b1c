//! Reading, writing and deleting objects wherever they are: in stores, and in the folders of tiers.

use std::{
    collections::HashMap,
    io::{self, SeekFrom},
    ops::Range,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use reqwest::{Client, header::ETAG};
use storage::{
    Access, Bucket, ByteStream, Kind, Location, ObjectStore, Part, Readable, Standing, StorageError,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::config::{Tier, Tiers};

/// What is written in one request; larger objects go in parts of at least this size.
const SMALL: u64 = 16 << 20;
/// Parts of an upload: S3 takes ten thousand.
const MOST_PARTS: u64 = 9_000;
/// How long the URL of a part can be used.
const PART_LIFE: Duration = Duration::from_secs(6 * 3_600);
/// How often a part is sent.
const SENDINGS: u32 = 4;
const PIECE: usize = 256 << 10;
/// What is being written in a folder.
const DRAFTS: &str = ".drafts";

/// A disk behind a bucket.
#[derive(Debug, Clone)]
pub struct Disk {
    /// A folder on it.
    pub folder: PathBuf,
    /// Bytes that are left free.
    pub reserve: u64,
}

impl Disk {
    /// Bytes that can still be written.
    ///
    /// # Errors
    /// When the folder cannot be looked at.
    pub fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.folder)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize).saturating_sub(self.reserve))
    }
}

/// All places of objects.
#[derive(Clone)]
pub struct Depot {
    stores: Arc<dyn ObjectStore>,
    client: Client,
    /// Folders of tiers: nothing else of this machine is read.
    folders: Vec<PathBuf>,
    disks: HashMap<Bucket, Disk>,
}

impl std::fmt::Debug for Depot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Depot").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// An object that is being written; nobody sees it before [`Draft::commit`].
pub(crate) enum Draft<'d> {
    Whole { depot: &'d Depot, location: Location, bytes: BytesMut },
    Parts(Box<Upload<'d>>),
    File { file: tokio::fs::File, draft: PathBuf, path: PathBuf },
}

pub(crate) struct Upload<'d> {
    depot: &'d Depot,
    location: Location,
    id: String,
    part: usize,
    bytes: BytesMut,
    parts: Vec<Part>,
}

fn broken(error: &io::Error) -> StorageError {
    if error.kind() == io::ErrorKind::NotFound {
        return StorageError::NotFound;
    }
    StorageError::Unavailable(error.to_string())
}

impl Depot {
    /// The stores that there are, and `client`, which sends parts to them.
    pub fn new(stores: Arc<dyn ObjectStore>, client: Client, tiers: &Tiers) -> Self {
        let folders = tiers.iter().filter_map(Tier::folder).collect();
        Self { stores, client, folders, disks: HashMap::new() }
    }

    /// A bucket that is on a disk of this machine.
    #[must_use]
    pub fn with_disk(mut self, bucket: Bucket, disk: Disk) -> Self {
        self.disks.insert(bucket, disk);
        self
    }

    /// The path of a location in a folder of a tier; `None` for one in a store.
    ///
    /// # Errors
    /// For any other path of this machine.
    fn path(&self, location: &Location) -> Result<Option<PathBuf>, StorageError> {
        if location.kind() != Kind::Folder {
            return Ok(None);
        }
        let path = Path::new("/").join(location.key());
        let ours = self.folders.iter().any(|folder| path.starts_with(folder));
        if ours { Ok(Some(path)) } else { Err(StorageError::UnknownBucket(location.url())) }
    }

    /// Free bytes for `tier`, which keeps `used`; `None` where nobody says.
    pub(crate) fn room(&self, tier: &Tier, used: u64) -> io::Result<Option<u64>> {
        let disk = match tier.bucket.kind() {
            Kind::Folder => {
                let folder = Path::new("/").join(&tier.prefix);
                make_folder(&folder)?;
                Some(Disk { folder, reserve: tier.reserve() })
            }
            _ => self.disks.get(&tier.bucket).cloned(),
        };
        let disk = disk.map(|disk| disk.free()).transpose()?;
        let left = tier.capacity().map(|capacity| capacity.saturating_sub(used));
        Ok(disk.into_iter().chain(left).min())
    }

    /// Free bytes at a place that is not a tier's; `None` where nobody says.
    pub(crate) fn room_of(&self, bucket: &Bucket) -> io::Result<Option<u64>> {
        self.disks.get(bucket).map(Disk::free).transpose()
    }

    pub(crate) async fn standing(&self, location: &Location) -> Result<Standing, StorageError> {
        let Some(path) = self.path(location)? else { return self.stores.standing(location).await };
        let about = tokio::fs::metadata(&path).await.map_err(|error| broken(&error))?;
        Ok(Standing { size: about.len(), etag: None, class: None, readable: Readable::Now })
    }

    pub(crate) async fn read(
        &self,
        location: &Location,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        let Some(path) = self.path(location)? else { return self.stores.read(location, range).await };
        let mut file = tokio::fs::File::open(&path).await.map_err(|error| broken(&error))?;
        let range = range.unwrap_or(0..u64::MAX);
        file.seek(SeekFrom::Start(range.start)).await.map_err(|error| broken(&error))?;
        let part = file.take(range.end - range.start);
        Ok(Box::pin(ReaderStream::with_capacity(part, PIECE).map_err(|error| broken(&error))))
    }

    pub(crate) async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        let Some(path) = self.path(location)? else { return self.stores.delete(location).await };
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(broken(&error)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn restore(
        &self,
        location: &Location,
        days: u16,
        speed: &str,
    ) -> Result<(), StorageError> {
        self.stores.restore(location, days, speed).await
    }

    pub(crate) async fn reclass(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        self.stores.reclass(location, class).await
    }

    /// Begins an object of `size` bytes.
    pub(crate) async fn begin(&self, location: &Location, size: u64) -> Result<Draft<'_>, StorageError> {
        let location = location.clone();
        if let Some(path) = self.path(&location)? {
            let folder = self.folders.iter().find(|folder| path.starts_with(folder));
            let drafts = folder.map(|folder| folder.join(DRAFTS)).unwrap_or_default();
            make_folder(&drafts).map_err(|error| broken(&error))?;
            let draft = drafts.join(Uuid::new_v4().simple().to_string());
            let file = tokio::fs::File::create_new(&draft).await.map_err(|error| broken(&error))?;
            return Ok(Draft::File { file, draft, path });
        }
        if size <= SMALL {
            return Ok(Draft::Whole { depot: self, location, bytes: BytesMut::new() });
        }
        let id = self.stores.create_multipart(&location).await?;
        let part = usize::try_from(SMALL.max(size.div_ceil(MOST_PARTS))).unwrap_or(usize::MAX);
        let (bytes, parts) = (BytesMut::new(), Vec::new());
        Ok(Draft::Parts(Box::new(Upload { depot: self, location, id, part, bytes, parts })))
    }

    /// Deletes drafts of killed processes in the folder of a tier.
    pub(crate) async fn sweep(&self, tier: &Tier) -> io::Result<()> {
        if tier.bucket.kind() != Kind::Folder {
            return Ok(());
        }
        let old = Duration::from_secs(7 * 24 * 3_600);
        let mut entries = match tokio::fs::read_dir(Path::new("/").join(&tier.prefix).join(DRAFTS)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        while let Some(entry) = entries.next_entry().await? {
            let written = entry.metadata().await?.modified()?;
            if written.elapsed().is_ok_and(|age| age > old) {
                tokio::fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

impl Draft<'_> {
    pub(crate) async fn push(&mut self, piece: &[u8]) -> Result<(), StorageError> {
        match self {
            Self::Whole { bytes, .. } => bytes.extend_from_slice(piece),
            Self::File { file, .. } => file.write_all(piece).await.map_err(|error| broken(&error))?,
            Self::Parts(upload) => {
                upload.bytes.extend_from_slice(piece);
                while upload.bytes.len() >= upload.part {
                    let part = upload.bytes.split_to(upload.part).freeze();
                    upload.send(part).await?;
                }
            }
        }
        Ok(())
    }

    /// The object is there when this returns.
    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Whole { depot, location, bytes } => depot.stores.write(&location, bytes.freeze()).await,
            Self::Parts(mut upload) => {
                let rest = upload.bytes.split().freeze();
                if !rest.is_empty() {
                    upload.send(rest).await?;
                }
                let stores = &upload.depot.stores;
                stores.complete_multipart(&upload.location, &upload.id, &upload.parts).await
            }
            Self::File { file, draft, path } => {
                let done = async {
                    file.sync_all().await?;
                    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
                    make_folder(&folder)?;
                    tokio::fs::rename(&draft, &path).await?;
                    tokio::fs::File::open(&folder).await?.sync_all().await
                };
                done.await.map_err(|error| broken(&error))
            }
        }
    }

    /// Nothing is left of it.
    pub(crate) async fn abort(self) {
        let given_up = match self {
            Self::Whole { .. } => Ok(()),
            Self::Parts(upload) => upload.depot.stores.abort_multipart(&upload.location, &upload.id).await,
            Self::File { draft, .. } => tokio::fs::remove_file(&draft).await.map_err(|error| broken(&error)),
        };
        if let Err(error) = given_up {
            tracing::warn!(error = &error as &dyn std::error::Error, "an unfinished object may remain");
        }
    }
}

impl Upload<'_> {
    async fn send(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        let number = i64::try_from(self.parts.len()).unwrap_or(i64::MAX) + 1;
        let mut pause = Duration::from_millis(300);
        for sending in 1.. {
            match self.try_send(number, bytes.clone()).await {
                Ok(etag) => {
                    self.parts.push(Part { number, etag });
                    break;
                }
                Err(error) if sending < SENDINGS && error.is_temporary() => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn try_send(&self, number: i64, bytes: Bytes) -> Result<String, StorageError> {
        let access = Access::Part { upload_id: &self.id, number };
        let url = self.depot.stores.presign(&self.location, access, PART_LIFE, &[]).await?;
        let sent = self.depot.client.put(url).body(bytes).timeout(PART_LIFE).send().await;
        // The URL is a secret, and in the text of an error.
        let answer = sent.map_err(|error| StorageError::Unavailable(error.without_url().to_string()))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(StorageError::Refused { status: status.as_u16(), code: "Part".to_owned() });
        }
        let etag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        Ok(etag.unwrap_or_default().to_owned())
    }
}
