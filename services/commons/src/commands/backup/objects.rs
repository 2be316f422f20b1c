//! The objects of the embedded store, of which only those are read that the last backup does not have.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc};

use backup::{
    BackupError, Bucket, Entry, ListReader, ListWriter, Listed, Objects, Pieces, Place, StoredFile,
};
use objectstore::copying::{self, Damaged, Data, Item, Taken};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::progress::{Pace, Told, amount};

/// Bytes that are read at once.
const BUFFER: usize = 1024 * 1024;
/// Damaged objects that are named.
const NAMED: usize = 1000;

/// Why the objects cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("the object store cannot be read")]
    Read(#[from] io::Error),
    #[error("the objects cannot be written")]
    Write(#[from] BackupError),
    #[error("nobody waits for it any more")]
    Unwanted,
}

/// What was taken.
pub(super) struct Copied {
    pub(super) objects: Objects,
    /// Bytes that were read: what was not there yet.
    pub(super) read: u64,
    /// Those that were damaged in the store already.
    pub(super) damaged: Vec<String>,
}

/// Writes the objects in `folder`. The records are those of this moment or a later one, so that whatever is
/// in a database of an earlier moment has its object, unless it was deleted since.
///
/// # Errors
/// When the store cannot be read, or the place cannot be written.
pub(super) async fn copy(
    folder: PathBuf,
    place: Place,
    pieces: Arc<Pieces>,
    earlier: Option<StoredFile>,
    rate: Option<u32>,
    told: Arc<dyn Told>,
) -> anyhow::Result<Copied> {
    let handle = Handle::current();
    // The thread cannot be stopped from outside.
    let unwanted = CancellationToken::new();
    let (stopped, _ends_with_this) = (unwanted.clone(), unwanted.drop_guard());
    let work = move || {
        let mut copying = Copying {
            handle,
            pieces: &pieces,
            earlier: Earlier::new(&place, earlier.as_ref(), &*told),
            pace: Pace::new(rate),
            buffer: vec![0; BUFFER],
            told: &*told,
            stopped: &stopped,
            list: ListWriter::new(pieces.file()),
            read: 0,
            counts: (0, 0),
        };
        let mut damaged = Vec::new();
        let buckets = copying::buckets(&folder)?;
        let tell = |one: Damaged| {
            let key = one.key.as_deref().unwrap_or("an object whose key cannot be read");
            told.line(&format!("damaged in the store, and not in the backup: {}/{key}", one.bucket));
            damaged.push(format!("{}/{key}", one.bucket));
        };
        copying::each(&folder, |item| copying.take(item), tell)?;
        let Copying { handle, list, read, counts: (objects, bytes), .. } = copying;
        let bucket = |copying::Bucket { name, versioning }| Bucket { name, versioning };
        let objects = Objects {
            buckets: buckets.into_iter().map(bucket).collect(),
            objects,
            bytes,
            damaged: damaged.len() as u64,
            list: handle.block_on(list.finish())?,
        };
        damaged.truncate(NAMED);
        Ok::<_, Failed>(Copied { objects, read, damaged })
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}

struct Copying<'c> {
    handle: Handle,
    pieces: &'c Pieces,
    earlier: Earlier<'c>,
    pace: Pace,
    buffer: Vec<u8>,
    told: &'c dyn Told,
    stopped: &'c CancellationToken,
    list: ListWriter<'c>,
    read: u64,
    counts: (u64, u64),
}

impl Copying<'_> {
    fn take(&mut self, item: &Item) -> Result<Taken, Failed> {
        let mut files = Vec::with_capacity(item.files.len());
        for data in &item.files {
            let Some(file) = self.file(&item.object, data)? else { return Ok(Taken::Torn) };
            files.push(Listed { path: data.path.clone(), file });
        }
        let (object, path, record) = (item.object.clone(), item.path.clone(), item.record.clone());
        self.handle.clone().block_on(self.list.add(&Entry { object, path, record, files }))?;
        self.counts = (self.counts.0 + 1, self.counts.1 + files_size(item));
        let (objects, bytes) = (indicatif::HumanCount(self.counts.0), amount(self.counts.1));
        self.told.step(format!("objects: {objects}, {bytes}"));
        Ok(Taken::Whole)
    }

    /// A file of an object; `None` when its bytes are not what they should be.
    fn file(&mut self, object: &str, data: &Data) -> Result<Option<StoredFile>, Failed> {
        if self.stopped.is_cancelled() {
            return Err(Failed::Unwanted);
        }
        let handle = self.handle.clone();
        let known = handle.block_on(self.earlier.find(object, &data.path));
        // Data is written once: under the same name there are the same bytes.
        if let Some(known) = known.filter(|known| known.size == data.size && self.pieces.has(known)) {
            return Ok(Some(known));
        }
        let Some(mut reading) = data.open()? else { return Ok(None) };
        let mut file = self.pieces.file();
        loop {
            let read = reading.read(&mut self.buffer);
            let Some(bytes) = self.buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            if self.stopped.is_cancelled() {
                return Err(Failed::Unwanted);
            }
            self.read += read as u64;
            handle.block_on(async {
                self.pace.wait(read as u64).await;
                file.write(bytes).await
            })?;
        }
        if !reading.is_whole() {
            return Ok(None);
        }
        Ok(Some(handle.block_on(file.finish())?))
    }
}

fn files_size(item: &Item) -> u64 {
    item.files.iter().map(|data| data.size).sum()
}

/// The list of the last backup, read beside the store, which has the same order.
struct Earlier<'c> {
    told: &'c dyn Told,
    list: Option<ListReader>,
    next: Option<Entry>,
    /// The files of the object that was last asked for.
    object: String,
    files: HashMap<String, StoredFile>,
}

impl<'c> Earlier<'c> {
    fn new(place: &Place, list: Option<&StoredFile>, told: &'c dyn Told) -> Self {
        let list = list.map(|list| ListReader::new(place, list));
        Self { told, list, next: None, object: String::new(), files: HashMap::new() }
    }

    /// The file that the last backup has of an object. Objects are asked for in their order.
    async fn find(&mut self, object: &str, path: &str) -> Option<StoredFile> {
        if self.object != object {
            self.object = object.to_owned();
            self.files.clear();
            while let Some(entry) = self.peek().await.filter(|entry| order(&entry.object) <= order(object)) {
                if entry.object == object {
                    let files = std::mem::take(&mut entry.files);
                    self.files.extend(files.into_iter().map(|listed| (listed.path, listed.file)));
                }
                self.next = None;
            }
        }
        self.files.get(path).cloned()
    }

    async fn peek(&mut self) -> Option<&mut Entry> {
        if self.next.is_none() {
            self.next = match self.list.as_mut()?.next().await {
                Ok(next) => next,
                Err(error) => {
                    self.told.warn(&format!("the last backup is of no use for this one: {error}"));
                    None
                }
            };
            if self.next.is_none() {
                self.list = None;
            }
        }
        self.next.as_mut()
    }
}

/// The bucket and the digest of an object, by which the store is in order.
fn order(object: &str) -> (&str, &str) {
    object.rsplit_once('/').unwrap_or((object, ""))
}
