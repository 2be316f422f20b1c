//! Sends a file in parts.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    file::Way,
    journal::{Begun, Known},
    put::Failed,
    run::{SMALLEST_PART, Uploads},
};
use crate::{calls::Parted, error::TransferError};

/// Most parts that S3 takes.
const MAX_PARTS: u64 = 10_000;
const MEBIBYTE: u64 = 1024 * 1024;

/// How sending parts failed.
enum Broken {
    /// The store does not know the upload any more.
    Gone,
    Other(TransferError),
}

/// What the record had when the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// No size.
    Blank,
    /// A size, or nobody knows.
    Unknown,
}

/// Whether it was asked before to make the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Never,
    Perhaps,
}

impl Uploads<'_> {
    /// Sends the file in parts; those that a run before has sent are not sent again.
    pub(super) async fn in_parts(&self, way: &mut Way<'_>, known: Known) -> Result<String, TransferError> {
        let before = self.before(way).await;
        let mut begun = known.begun;
        let mut is_new = false;
        loop {
            let (guid, upload) = match (begun.take(), way.guid.clone()) {
                (Some(upload), Some(guid)) => (guid, upload),
                _ => {
                    is_new = true;
                    self.begin(way).await?
                }
            };
            match self.send(way, before, &guid, &upload).await {
                Ok(()) => return Ok(guid),
                // Stores give up uploads after some days; a new one is begun for the same record, once.
                Err(Broken::Gone) if !is_new => self.journal.dropped(&upload.upload_id)?,
                Err(Broken::Gone) => {
                    let told = "the store has given the upload up".to_owned();
                    return Err(TransferError::NotFound {
                        what: format!("uploading {}", way.file.name),
                        told,
                    });
                }
                Err(Broken::Other(error)) => return Err(error),
            }
        }
    }

    /// Whether a size in the record can only come from this file. A record that the user has named may have
    /// been that of other bytes; the journal's own was made for these and for nothing else.
    async fn before(&self, way: &Way<'_>) -> Before {
        let Some(guid) = &way.file.guid else { return Before::Blank };
        match self.commons.record(guid).await {
            Ok(record) if record.size.is_none() => Before::Blank,
            // What cannot be read says nothing either.
            _ => Before::Unknown,
        }
    }

    async fn begin(&self, way: &mut Way<'_>) -> Result<(String, Begun), TransferError> {
        // The route for parts takes neither resource paths nor metadata: the record is made before.
        if way.guid.is_none() && (self.options.with_metadata || !self.options.authz.is_empty()) {
            self.new_record(way).await?;
        }
        let (guid, upload_id) = self.commons.begin_parts(way.guid.as_deref(), self.about(way.file)).await?;
        let part_size = part_size(way.stamp.size, self.options.part_size);
        let upload = Begun { upload_id, part_size, done: BTreeMap::new() };
        way.guid = Some(guid.clone());
        self.journal.begun(&way.stamp, &guid, &upload)?;
        Ok((guid, upload))
    }

    async fn send(&self, way: &Way<'_>, before: Before, guid: &str, upload: &Begun) -> Result<(), Broken> {
        let key = format!("{guid}/{}", way.file.name);
        let bucket = self.options.bucket.as_deref();
        let parted = Parted { key: &key, upload_id: &upload.upload_id, bucket };
        let all = ranges(way.stamp.size, upload.part_size);
        let there: u64 =
            all.iter().filter(|(number, ..)| upload.done.contains_key(number)).map(|all| all.2).sum();
        self.watch.moved(there);
        let parted = &parted;
        let missing = all.into_iter().filter(|(number, ..)| !upload.done.contains_key(number));
        let sent = stream::iter(missing).map(|(number, begin, length)| async move {
            let _turn = self.turn().await;
            let tag = self.part(way, parted, number, (begin, length)).await?;
            Ok::<_, Broken>((number, tag))
        });
        let sent: Result<Vec<_>, _> = sent.buffer_unordered(self.options.parallel.max(1)).try_collect().await;
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                if matches!(error, Broken::Gone) {
                    self.watch.lost(there);
                }
                return Err(error);
            }
        };
        // When nothing was missing, a run before may have asked for the same.
        let asked = if sent.is_empty() { Asked::Perhaps } else { Asked::Never };
        let mut parts: Vec<(u32, String)> = upload.done.clone().into_iter().chain(sent).collect();
        parts.sort_unstable();
        let Err((error, asked)) = self.complete(parted, &parts, asked).await else { return Ok(()) };
        // Where an answer was lost the bytes may be there, which the record says then. What was refused has
        // made no object, whatever size the record has.
        let may_be_there = match &error {
            TransferError::Unreachable { .. } => true,
            error => is_gone(error) && asked == Asked::Perhaps,
        };
        if may_be_there && before == Before::Blank {
            match self.commons.record(guid).await {
                Ok(record) if record.size == Some(way.stamp.size) => return Ok(()),
                Ok(_) | Err(TransferError::Denied { .. }) => {}
                Err(_) => return Err(Broken::Other(error)),
            }
        }
        Err(gone(error))
    }

    /// Makes one object of the parts; a failure comes with whether an earlier try may have done it.
    async fn complete(
        &self,
        parted: &Parted<'_>,
        parts: &[(u32, String)],
        mut asked: Asked,
    ) -> Result<(), (TransferError, Asked)> {
        let mut failed = 0;
        loop {
            let Err(error) = self.commons.complete_parts(parted, parts).await else { return Ok(()) };
            self.again(&mut failed, error).await.map_err(|error| (error, asked))?;
            asked = Asked::Perhaps;
        }
    }

    async fn part(
        &self,
        way: &Way<'_>,
        parted: &Parted<'_>,
        number: u32,
        (begin, length): (u64, u64),
    ) -> Result<String, Broken> {
        let slice = way.slice(begin, length);
        let what = format!("uploading part {number} of {}", way.file.name);
        let (mut failed, mut renewed) = (0, 0);
        loop {
            let signed = self.commons.part_url(parted, number).await.map_err(gone)?;
            match self.sender.put(&what, &signed, &slice).await {
                Ok(Some(tag)) => {
                    self.journal.part(parted.upload_id, number, &tag).map_err(Broken::Other)?;
                    return Ok(tag);
                }
                Ok(None) => {
                    let reason = "the store gave no entity tag of the part".to_owned();
                    return Err(Broken::Other(TransferError::Unexpected { what, reason }));
                }
                Err(Failed::Refused(_)) if renewed < 2 => renewed += 1,
                Err(Failed::Refused(error)) => return Err(Broken::Other(error)),
                Err(Failed::Other(error)) => self.again(&mut failed, error).await.map_err(gone)?,
            }
        }
    }
}

fn is_gone(error: &TransferError) -> bool {
    matches!(error, TransferError::NotFound { .. })
}

fn gone(error: TransferError) -> Broken {
    if is_gone(&error) { Broken::Gone } else { Broken::Other(error) }
}

/// A part size with which the file has no more parts than S3 takes, in whole mebibytes.
fn part_size(size: u64, wanted: u64) -> u64 {
    let smallest = size.div_ceil(MAX_PARTS).div_ceil(MEBIBYTE) * MEBIBYTE;
    wanted.max(smallest).max(SMALLEST_PART)
}

/// Number, first byte and length of each part.
fn ranges(size: u64, part_size: u64) -> Vec<(u32, u64, u64)> {
    (1..)
        .zip((0..size).step_by(usize::try_from(part_size.max(1)).unwrap_or(usize::MAX)))
        .map(|(number, begin)| (number, begin, part_size.min(size - begin)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file_and_are_never_too_many() {
        assert_eq!(ranges(25, 10), [(1, 0, 10), (2, 10, 10), (3, 20, 5)]);
        assert_eq!(part_size(1, 1), SMALLEST_PART);
        let huge = 5 * 1024 * 1024 * MEBIBYTE;
        let size = part_size(huge, 16 * MEBIBYTE);
        assert!(huge.div_ceil(size) <= MAX_PARTS && size.is_multiple_of(MEBIBYTE));
    }
}
