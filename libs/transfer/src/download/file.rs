//! One file, from its record to its name in the folder.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    Downloads, Existing,
    fetch::{Sink, Source},
    partial::{Partial, Version, begun, path_of},
};
use crate::{
    blocking::blocking,
    checksums::{Algorithm, Hasher, compare},
    error::TransferError,
    resolve::Object,
    watch::Ended,
};

/// Most parts of a file.
const MAX_PARTS: u64 = 1000;

/// Checksums that were computed.
type Computed = Vec<(Algorithm, String)>;

impl Downloads<'_> {
    /// Downloads one file, unless it is there.
    pub(super) async fn file(&self, object: &Object, to: &Path) -> Result<(Ended, Computed), TransferError> {
        if let Some(computed) = self.present(object, to).await? {
            self.watch.moved(object.size.unwrap_or_default());
            return Ok((Ended::Present, computed));
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|error| TransferError::file(parent, error))?;
        }
        let source = self.source(object);
        // The same object may be wanted at two places, in two bundles.
        let from = format!("{} {}", object.commons.address().authority(), self.relative(to));
        let is_large = object.size.is_none_or(|size| size > self.options.part_size.saturating_mul(2));
        if is_large || begun(&self.unfinished, &from, &object.guid).is_some() {
            let probed = source.probe().await?;
            if let (Some(expected), Some(found)) = (object.size, probed.version.size)
                && expected != found
            {
                return Err(TransferError::Size { expected, found });
            }
            let size = object.size.or(probed.version.size);
            if let (true, Some(size @ 1..)) = (probed.has_ranges, size) {
                let version = Version { size: Some(size), ..probed.version };
                return self.in_parts(&source, &from, version, size, to).await;
            }
        }
        self.at_once(&source, &from, to).await
    }

    fn relative(&self, to: &Path) -> String {
        to.strip_prefix(&self.options.folder).unwrap_or(to).display().to_string()
    }

    fn source<'s>(&'s self, object: &'s Object) -> Source<'s> {
        Source {
            object,
            client: &self.client,
            pace: &self.options.pace,
            watch: self.watch,
            retries: object.commons.retries(),
            protocol: self.options.protocol.as_deref(),
            signed: tokio::sync::Mutex::default(),
        }
    }

    /// The checksums of a file that is there and is the wanted one; none if it has to be downloaded.
    async fn present(&self, object: &Object, to: &Path) -> Result<Option<Computed>, TransferError> {
        let Ok(there) = fs::symlink_metadata(to) else { return Ok(None) };
        let same_size = object.size.is_none_or(|size| size == there.len());
        // Without checksum and size nothing says that it is the same.
        let is_comparable = object.size.is_some() || !object.checksums.is_empty();
        if there.is_file() && same_size && is_comparable {
            let wanted = object.checksums.chosen(self.options.verify).to_vec();
            let _turn = self.turn().await;
            let path = to.to_owned();
            let computed = hashed(path, &wanted).await?;
            if compare(&wanted, &computed).is_ok() {
                return Ok(Some(computed));
            }
        }
        match self.options.existing {
            Existing::Replace if !there.is_dir() => Ok(None),
            _ => Err(TransferError::Occupied(to.display().to_string())),
        }
    }

    /// The file in several parts, of which those that are there are not read again.
    async fn in_parts(
        &self,
        source: &Source<'_>,
        from: &str,
        version: Version,
        size: u64,
        to: &Path,
    ) -> Result<(Ended, Computed), TransferError> {
        let object = source.object;
        let part_size = self.options.part_size.max(size.div_ceil(MAX_PARTS));
        let key = (from, object.guid.as_str());
        let partial = Arc::new(Partial::open(&self.unfinished, key, version.clone(), size, part_size)?);
        let before = partial.there();
        self.watch.moved(before);
        let reads = stream::iter(0..partial.parts()).map(|part| {
            let sink = Arc::new(Part { partial: partial.clone(), part });
            let version = &version;
            async move {
                let _turn = self.turn().await;
                source.read(&sink, version, true).await
            }
        });
        let done: Result<Vec<()>, _> = reads.buffer_unordered(self.options.parallel).try_collect().await;
        match done {
            Ok(_) => {}
            // These bytes do not belong together with those that are to come.
            Err(error @ (TransferError::Changed(_) | TransferError::Size { .. })) => {
                self.watch.lost(partial.there());
                partial.discard();
                return Err(error);
            }
            Err(error) => {
                partial.note()?;
                return Err(error);
            }
        }
        let wanted = object.checksums.chosen(self.options.verify);
        let computed = hashed(partial.path.clone(), wanted).await?;
        if let Err(error) = compare(wanted, &computed) {
            self.watch.lost(size);
            partial.discard();
            // A crash of the machine may have lost what was noted: what is read now is all of one time.
            if before > 0 {
                return Box::pin(self.in_parts(source, from, version, size, to)).await;
            }
            return Err(error);
        }
        partial.finish(to)?;
        Ok((Ended::Moved, computed))
    }

    /// The whole file by one request, hashed while it comes.
    async fn at_once(
        &self,
        source: &Source<'_>,
        from: &str,
        to: &Path,
    ) -> Result<(Ended, Computed), TransferError> {
        let object = source.object;
        let path = path_of(&self.unfinished, from, &object.guid);
        let wanted = object.checksums.chosen(self.options.verify);
        let _turn = self.turn().await;
        let whole = Arc::new(Whole::create(path, object.size, wanted)?);
        let expected = Version { size: object.size, ..Version::default() };
        let done = source.read(&whole, &expected, false).await;
        let computed = done.and_then(|()| {
            let computed = whole.computed();
            compare(wanted, &computed).map(|()| computed)
        });
        match computed {
            Ok(computed) => {
                fs::rename(&whole.path, to).map_err(|error| TransferError::file(to, error))?;
                Ok((Ended::Moved, computed))
            }
            Err(error) => {
                self.watch.lost(whole.missing().0);
                let _ = fs::remove_file(&whole.path);
                Err(error)
            }
        }
    }
}

/// The checksums of a file.
async fn hashed(path: PathBuf, wanted: &[(Algorithm, String)]) -> Result<Computed, TransferError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut hasher = Hasher::of(wanted.iter().map(|(algorithm, _)| *algorithm));
    blocking(move || {
        let mut file = File::open(&path).map_err(|error| TransferError::file(&path, error))?;
        hasher.read(&path, &mut file)?;
        Ok(hasher.finish())
    })
    .await
}

/// A part of a file.
struct Part {
    partial: Arc<Partial>,
    part: usize,
}

impl Sink for Part {
    fn missing(&self) -> (u64, Option<u64>) {
        let (begin, end) = self.partial.missing(self.part);
        (begin, Some(end))
    }

    fn restart(&self) -> Result<u64, TransferError> {
        Ok(self.partial.forget(self.part))
    }

    fn write(&self, pieces: &[Bytes]) -> Result<(), TransferError> {
        for piece in pieces {
            refuse_more(self.missing(), piece.len())?;
            self.partial.write(self.part, piece)?;
        }
        self.partial.note_in_time()
    }
}

/// More bytes than there are cannot be those of the record.
fn refuse_more((position, end): (u64, Option<u64>), more: usize) -> Result<(), TransferError> {
    let found = position + more as u64;
    match end {
        Some(expected) if found > expected => Err(TransferError::Size { expected, found }),
        _ => Ok(()),
    }
}

/// A file that is written from its beginning to its end.
struct Whole {
    path: PathBuf,
    file: File,
    size: Option<u64>,
    algorithms: Vec<Algorithm>,
    state: Mutex<(u64, Hasher)>,
}

impl Whole {
    fn create(
        path: PathBuf,
        size: Option<u64>,
        wanted: &[(Algorithm, String)],
    ) -> Result<Self, TransferError> {
        // A note that is there is of other bytes.
        let _ = fs::remove_file(path.with_extension("json"));
        let file = File::create(&path).map_err(|error| TransferError::file(&path, error))?;
        let algorithms: Vec<Algorithm> = wanted.iter().map(|(algorithm, _)| *algorithm).collect();
        let state = Mutex::new((0, Hasher::of(algorithms.iter().copied())));
        Ok(Self { path, file, size, algorithms, state })
    }

    fn computed(&self) -> Computed {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut state.1, Hasher::of([])).finish()
    }
}

impl Sink for Whole {
    fn missing(&self) -> (u64, Option<u64>) {
        (self.state.lock().unwrap_or_else(PoisonError::into_inner).0, self.size)
    }

    fn restart(&self) -> Result<u64, TransferError> {
        self.file.set_len(0).map_err(|error| TransferError::file(&self.path, error))?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.0;
        *state = (0, Hasher::of(self.algorithms.iter().copied()));
        Ok(before)
    }

    fn write(&self, pieces: &[Bytes]) -> Result<(), TransferError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (position, hasher) = &mut *state;
        for piece in pieces {
            refuse_more((*position, self.size), piece.len())?;
            let written = self.file.write_all_at(piece, *position);
            written.map_err(|error| TransferError::file(&self.path, error))?;
            hasher.update(piece);
            *position += piece.len() as u64;
        }
        Ok(())
    }
}
