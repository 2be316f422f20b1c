//! Going through all objects of a folder, whether a store has it open or not.

use std::{fs, io, path::Path};

use crate::{
    layout::{Kind, Layout, read_name},
    unreadable::is_of_the_disk,
    version::Version,
};

/// Where a version of an object is in the order in which all are gone through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) bucket: String,
    pub(crate) digest: [u8; 32],
    /// `None` for the current one, which comes first.
    pub(crate) version: Option<Version>,
}

/// What is come to.
#[derive(Debug)]
pub(crate) enum Visit<'v> {
    /// The record of a version of an object, or of a delete marker.
    Record(Position, &'v Path),
    /// A folder of a bucket whose names the disk does not give any more.
    Unreadable(&'v str, &'v Path),
}

/// Calls `work` for each record after `after`, in the order of buckets, digests and versions. It needs memory
/// for the names of one of 256 folders of a bucket.
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
            let is_done = |after: &Position| (bucket.as_str(), last) < (after.bucket.as_str(), after.digest);
            if after.is_some_and(is_done) {
                continue;
            }
            let folder = layout.shard(&bucket, first);
            let records = match records(&folder) {
                Err(error) if is_of_the_disk(&error) => {
                    work(Visit::Unreadable(&bucket, &folder))?;
                    continue;
                }
                records => records?,
            };
            for (digest, version) in records {
                let position = Position { bucket: bucket.clone(), digest, version };
                if after.is_none_or(|after| position > *after) {
                    let name = hex::encode(digest);
                    let record = folder.join(match version {
                        None => format!("{name}.json"),
                        Some(version) => format!("{name}.{}.json", version.name()),
                    });
                    work(Visit::Record(position, &record))?;
                }
            }
        }
    }
    Ok(())
}

fn records(folder: &Path) -> io::Result<Vec<([u8; 32], Option<Version>)>> {
    let mut records = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // The bucket was deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(records),
        Err(error) => return Err(error),
    };
    for entry in entries {
        match entry?.file_name().to_str().and_then(read_name) {
            Some((digest, Kind::Record)) => records.push((digest, None)),
            Some((digest, Kind::Version(version))) => records.push((digest, Some(version))),
            _ => {}
        }
    }
    records.sort_unstable();
    Ok(records)
}
