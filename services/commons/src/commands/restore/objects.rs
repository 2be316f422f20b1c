//! The objects of a commons that is being restored.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use anyhow::Context as _;
use backup::{BackupError, Entry, ListReader, Objects, Place, copy};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use objectstore::copying::{Bucket, Making};

use super::super::backup::Progress;
use crate::state::State;

/// Objects that are written at the same time. Each may have some pieces in memory.
const AT_ONCE: usize = 4;

/// What was written.
pub(super) struct Written {
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

/// Writes all objects; each piece is compared with its digest on the way.
///
/// # Errors
/// When one is damaged, or cannot be written.
pub(super) async fn write(
    state: &State,
    place: &Place,
    objects: &Objects,
    progress: &Arc<Progress>,
) -> anyhow::Result<Written> {
    let buckets: Vec<Bucket> = objects
        .buckets
        .iter()
        .map(|bucket| Bucket { name: bucket.name.clone(), versioning: bucket.versioning.clone() })
        .collect();
    let making = Making::begin(&state.path("objects"), &buckets).context("no object store can be made")?;
    let entries = stream::try_unfold(ListReader::new(place, &objects.list), async |mut list| {
        Ok::<_, BackupError>(list.next().await?.map(|entry| (entry, list)))
    });
    let written = entries
        .map_err(anyhow::Error::from)
        .map_ok(|entry| object(&making, place, entry, progress))
        .try_buffer_unordered(AT_ONCE);
    let mut written = std::pin::pin!(written);
    let mut all = Written { objects: 0, bytes: 0 };
    while let Some(bytes) = written.next().await {
        all = Written { objects: all.objects + 1, bytes: all.bytes + bytes? };
    }
    if (all.objects, all.bytes) != (objects.objects, objects.bytes) {
        let what = format!("it has {} objects and had {}", all.objects, objects.objects);
        return Err(BackupError::damaged("the list of objects", what).into());
    }
    Ok(all)
}

async fn object(making: &Making, place: &Place, entry: Entry, progress: &Progress) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for listed in &entry.files {
        let of = format!("the object {}", listed.path);
        let mut file = making.file(&listed.path).map_err(|error| unfit(&of, error))?;
        let copied = copy(place, &listed.file, &of, async |piece: Bytes| {
            progress.advance(piece.len() as u64);
            file.write_all(&piece).with_context(|| format!("{of} cannot be written"))
        });
        bytes += copied.await?.bytes;
    }
    let of = format!("the record {}", entry.path);
    making.record(&entry.path, &entry.record).map_err(|error| unfit(&of, error))?;
    Ok(bytes)
}

fn unfit(of: &str, error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::InvalidData {
        return BackupError::damaged(of, error.to_string()).into();
    }
    anyhow::Error::from(error).context(format!("{of} cannot be written"))
}
