//! Downloads: many files at once, large ones in parts, resumed after a break, compared with their records.

mod fetch;
mod file;
mod partial;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, stream};
use reqwest::Client;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    checksums::Verify,
    clients::bytes_client,
    error::TransferError,
    folder::{Lock, room},
    names::{NameFormat, Names, UNFINISHED},
    pace::Pace,
    resolve::{Object, Resolved},
    watch::{Ended, Outcome, Watch},
};

/// What is done about a file that is there and has other bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the download fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// How files are downloaded.
#[derive(Debug)]
pub struct DownloadOptions {
    /// Where they are written.
    pub folder: PathBuf,
    /// How they are named.
    pub format: NameFormat,
    /// What is done about files that are there.
    pub existing: Existing,
    /// What is compared with the records.
    pub verify: Verify,
    /// Most connections for bytes at the same time.
    pub parallel: usize,
    /// Size of the parts of files that have more than two of them.
    pub part_size: u64,
    /// Protocol that fence is asked for, if a record has several.
    pub protocol: Option<String>,
    /// Bytes a second.
    pub pace: Pace,
}

/// Files and where they are written.
#[derive(Debug)]
pub struct Plan {
    files: Vec<(Object, PathBuf)>,
    unresolved: Vec<(String, TransferError)>,
}

impl Plan {
    /// Gives each file that was found its name. What is named twice is downloaded once.
    #[must_use]
    pub fn new(resolved: Vec<Resolved>, options: &DownloadOptions) -> Self {
        let (mut files, mut unresolved, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        let mut names = Names::new(options.format);
        for one in resolved {
            match one {
                Err(failed) => unresolved.push(failed),
                Ok(objects) => {
                    for object in objects {
                        let host = object.commons.address().authority().to_owned();
                        if seen.insert((host, object.guid.clone(), object.folder.clone())) {
                            let path = options.folder.join(path_of(&mut names, &object));
                            files.push((object, path));
                        }
                    }
                }
            }
        }
        Self { files, unresolved }
    }

    /// The number of files.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Bytes of the files whose size is known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        sum(self.files.iter().filter_map(|(object, _)| object.size))
    }
}

/// Sizes come from others, and two that are possible alone need not be so together.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

fn path_of(names: &mut Names, object: &Object) -> PathBuf {
    let name = object.name.as_deref().map(|name| match object.folder.as_str() {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    });
    names.take(name.as_deref(), &object.guid)
}

/// A run of downloads.
struct Downloads<'a> {
    options: &'a DownloadOptions,
    watch: &'a dyn Watch,
    client: Client,
    unfinished: PathBuf,
    turns: Semaphore,
}

impl Downloads<'_> {
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }

    async fn one(&self, object: &Object, path: &Path) -> Outcome {
        let done = self.file(object, path).await;
        let (end, computed) = match done {
            Ok((ended, computed)) => (Ok(ended), computed),
            Err(error) => (Err(error), Vec::new()),
        };
        let checksums = computed.into_iter().map(|(algorithm, value)| (algorithm.name(), value)).collect();
        let size = match &end {
            Ok(_) => fs::metadata(path).ok().map(|there| there.len()).or(object.size),
            Err(_) => object.size,
        };
        Outcome { id: Some(object.id.clone()), path: path.to_owned(), size, checksums, end }
    }
}

/// Says what a download of the plan would do.
pub fn preview(plan: Plan, watch: &dyn Watch) {
    watch.total(plan.files() as u64, plan.bytes());
    tell_unresolved(plan.unresolved, watch);
    for (object, path) in plan.files {
        let end = Ok(Ended::Planned);
        watch.ended(&Outcome { id: Some(object.id), path, size: object.size, checksums: Vec::new(), end });
    }
}

fn tell_unresolved(unresolved: Vec<(String, TransferError)>, watch: &dyn Watch) {
    for (id, error) in unresolved {
        let (path, checksums) = (PathBuf::new(), Vec::new());
        watch.ended(&Outcome { id: Some(id), path, size: None, checksums, end: Err(error) });
    }
}

/// Downloads the files of a plan. How each of them ended is told to `watch`.
///
/// # Errors
/// When nothing can be begun: the folder cannot be written, another download works in it, or the files have
/// no room.
pub async fn download(plan: Plan, options: &DownloadOptions, watch: &dyn Watch) -> Result<(), TransferError> {
    watch.total(plan.files() as u64, plan.bytes());
    let unfinished = options.folder.join(UNFINISHED);
    fs::create_dir_all(&unfinished).map_err(|error| TransferError::file(&unfinished, error))?;
    let busy = format!("another download writes to {}; wait for its end", options.folder.display());
    let lock = Lock::take(&unfinished.join("lock"), &busy)?;
    refuse_without_room(&plan, options)?;
    tell_unresolved(plan.unresolved, watch);
    let Some(near) = plan.files.first().map(|(object, _)| object.commons.address().clone()) else {
        return clear(lock, &unfinished);
    };
    let downloads = Downloads {
        options,
        watch,
        client: bytes_client(&near)?,
        unfinished: unfinished.clone(),
        turns: Semaphore::new(options.parallel.max(1)),
    };
    let downloads = &downloads;
    let work =
        stream::iter(plan.files).map(|(object, path)| async move { downloads.one(&object, &path).await });
    // One more than connections: while the checksums of one file are computed, the next one is read.
    let mut ends = work.buffer_unordered(options.parallel.max(1) + 1);
    while let Some(outcome) = ends.next().await {
        watch.ended(&outcome);
    }
    clear(lock, &unfinished)
}

/// Files that are there need no room; that is not looked at, because then they would be hashed twice. So only
/// what can never fit is refused.
fn refuse_without_room(plan: &Plan, options: &DownloadOptions) -> Result<(), TransferError> {
    let missing = |(object, path): &(Object, PathBuf)| {
        let there = fs::metadata(path).is_ok_and(|there| Some(there.len()) == object.size);
        object.size.filter(|_| !there)
    };
    let wanted = sum(plan.files.iter().filter_map(missing));
    match room(&options.folder) {
        Some(free) if free < wanted && !is_begun(&options.folder) => Err(TransferError::Unusable(format!(
            "the files have {wanted} bytes, and {} has room for {free}; free some, or choose another folder",
            options.folder.display()
        ))),
        _ => Ok(()),
    }
}

/// Whether some bytes of the files are there already, so that less room is needed than they have.
fn is_begun(folder: &Path) -> bool {
    let all = fs::read_dir(folder.join(UNFINISHED)).into_iter().flatten().flatten();
    all.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "part"))
}

/// Removes what is of no use any more; what is unfinished stays.
fn clear(lock: Lock, unfinished: &Path) -> Result<(), TransferError> {
    lock.remove().map_err(|error| TransferError::file(unfinished, error))?;
    // It stays if there is something in it.
    let _ = fs::remove_dir(unfinished);
    Ok(())
}
