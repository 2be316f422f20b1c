//! Where snapshots are, and their files.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
};

use anyhow::Context as _;
use backup::{BackupError, GraphSnapshot, Pieces, Place, Shelf, StoredFile, copy};
use bytes::Bytes;

use super::super::backup::place_at;

/// Bytes that are read at once.
const AT_ONCE: usize = 1 << 20;

/// The snapshots at a place.
///
/// # Errors
/// When it is none of snapshots.
pub(super) async fn open(place: &str) -> anyhow::Result<Shelf<GraphSnapshot>> {
    Ok(Shelf::open(&place_at(place)?).await?)
}

/// The snapshots at a place, which becomes one of snapshots if it is empty.
///
/// # Errors
/// When other things are there.
pub(super) async fn open_or_make(place: &str) -> anyhow::Result<Shelf<GraphSnapshot>> {
    Ok(Shelf::open_or_make(&place_at(place)?).await?)
}

/// Keeps a file at a place.
///
/// # Errors
/// When it cannot be read or written.
pub(super) async fn keep(place: &Place, mut file: File) -> anyhow::Result<StoredFile> {
    let pieces = Pieces::open(place).await?;
    let mut writer = pieces.file();
    file.rewind().context("a temporary file cannot be read")?;
    let mut buffer = vec![0; AT_ONCE];
    loop {
        let read = file.read(&mut buffer).context("a temporary file cannot be read")?;
        if read == 0 {
            break;
        }
        writer.write(&buffer[..read]).await?;
    }
    let stored = writer.finish().await?;
    pieces.finish().await?;
    Ok(stored)
}

/// The records of a snapshot as a temporary file, read against its digests.
///
/// # Errors
/// When they are damaged.
pub(super) async fn records(
    place: &Place,
    snapshot: &GraphSnapshot,
) -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().context("a temporary file cannot be made")?;
    let of = format!("the snapshot {}", snapshot.name);
    copy(place, &snapshot.graph, &of, async |piece: Bytes| {
        file.write_all(&piece)
            .map_err(|source| BackupError::File { path: "a temporary file".to_owned(), source })
    })
    .await?;
    file.flush().context("a temporary file cannot be written")?;
    Ok(file)
}
