//! Going through all objects of a folder, whether a store has it open or not.

use std::{fs, io, path::Path};

use crate::{
    layout::{Kind, Layout, read_name},
    unreadable::is_of_the_disk,
};

/// Where an object is in the order in which all are gone through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) bucket: String,
    pub(crate) digest: [u8; 32],
}

/// What is come to.
#[derive(Debug)]
pub(crate) enum Visit<'v> {
    /// The record of an object.
    Record(Position, &'v Path),
    /// A folder of a bucket whose names the disk does not give any more.
    Unreadable(&'v str, &'v Path),
}

/// Calls `work` for the record of each object after `after`, in the order of buckets and digests. It needs
/// memory for the names of one of 256 folders of a bucket.
///
/// # Errors
/// When folders must not be read, and what `work` fails with.
pub(crate) fn each(
    layout: &Layout,
    after: Option<&Position>,
    mut work: impl FnMut(Visit<'_>) -> io::Result<()>,
) -> io::Result<()> {
    for bucket in layout.buckets()? {
        for first in 0..=u8::MAX {
            let mut last = [u8::MAX; 32];
            last[0] = first;
            let end = Position { bucket: bucket.clone(), digest: last };
            if after.is_some_and(|after| end <= *after) {
                continue;
            }
            let folder = layout.shard(&bucket, first);
            let digests = match digests(&folder) {
                Err(error) if is_of_the_disk(&error) => {
                    work(Visit::Unreadable(&bucket, &folder))?;
                    continue;
                }
                digests => digests?,
            };
            for digest in digests {
                let position = Position { bucket: bucket.clone(), digest };
                if after.is_none_or(|after| position > *after) {
                    let record = folder.join(format!("{}.json", hex::encode(digest)));
                    work(Visit::Record(position, &record))?;
                }
            }
        }
    }
    Ok(())
}

fn digests(folder: &Path) -> io::Result<Vec<[u8; 32]>> {
    let mut digests = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // The bucket was deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(digests),
        Err(error) => return Err(error),
    };
    for entry in entries {
        if let Some((digest, Kind::Record)) = entry?.file_name().to_str().and_then(read_name) {
            digests.push(digest);
        }
    }
    digests.sort_unstable();
    Ok(digests)
}
