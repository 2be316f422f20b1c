//! Ending a multipart upload.

use std::{
    fs::File,
    io::{self, Read as _},
};

use http::HeaderMap;
use s3s::{
    S3Result,
    dto::{Checksum, ChecksumType, CompleteMultipartUploadInput},
    s3_error,
};

use super::{
    files::{Conditions, Files},
    integrity::Integrity,
    long_keys::LongKeys,
    parts::{self, Wanted},
    record::Record,
    room::{Room, failed},
    uploads::{Ended, Uploads},
};

/// What is worked on.
pub(super) struct Store<'s> {
    pub(super) files: &'s Files,
    pub(super) uploads: &'s Uploads,
    pub(super) long_keys: &'s LongKeys,
    pub(super) room: &'s Room,
}

/// The object that an upload became.
pub(super) struct Outcome {
    pub(super) e_tag: String,
    /// Whether it became it just now.
    pub(super) is_new: bool,
}

/// Ends an upload. Its caller has the upload's turn. Asked once more, in the same words, it answers the same
/// as long as the object is still there: a client may not have got the first answer.
///
/// # Errors
/// 404 for an unknown upload, 400 for parts that do not fit, 412 for conditions that do not hold, 507 when
/// there is no room. The upload can be ended after all of these.
pub(super) fn complete(
    store: &Store<'_>,
    input: CompleteMultipartUploadInput,
    stored: &str,
) -> S3Result<Outcome> {
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let (id, upload) = store.uploads.find(&input.upload_id, &bucket, &key)?;
    let wanted = wanted(&input)?;
    if let Some(ended) = upload.ended {
        let is_there = store.files.open(&bucket, stored).is_ok_and(|object| object.e_tag == ended.e_tag);
        if ended.parts == wanted && is_there {
            return Ok(Outcome { e_tag: ended.e_tag, is_new: false });
        }
        return Err(s3_error!(NoSuchUpload));
    }
    let chosen = parts::choose(&wanted, &store.uploads.parts(id)?)?;
    let size: u64 = chosen.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|said| u64::try_from(said) != Ok(size)) {
        return Err(s3_error!(InvalidRequest, "the parts do not have the size that was given"));
    }
    store.room.check(size)?;
    let mut whole = whole_checksum(&input)?;
    let (draft, e_tag) = store.uploads.join(&chosen, |part| match &mut whole {
        Some(integrity) => digest(part, integrity),
        None => Ok(()),
    })?;
    let checksum = match whole {
        Some(integrity) => integrity.finish()?.checksum,
        None => Checksum::default(),
    };
    let record = Record::new(e_tag.clone(), checksum, upload.attributes.clone());
    let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
    store.long_keys.remember(stored, &key).map_err(failed)?;
    store.files.replace((&bucket, stored), draft, record, &conditions)?;
    // The object is there. What is left to do is done at the next start, if it cannot be done now.
    if let Err(error) = store.uploads.end(id, upload, Ended { e_tag: e_tag.clone(), parts: wanted }) {
        tracing::error!(error = %error, "the parts of an upload that was ended cannot be deleted");
    }
    Ok(Outcome { e_tag, is_new: true })
}

fn wanted(input: &CompleteMultipartUploadInput) -> S3Result<Vec<Wanted>> {
    let parts = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
    let part = |part: &s3s::dto::CompletedPart| {
        let (Some(number), Some(e_tag)) = (part.part_number, &part.e_tag) else {
            return Err(s3_error!(InvalidPart, "each part has a PartNumber and an ETag"));
        };
        Ok(Wanted { number, e_tag: e_tag.value().to_owned() })
    };
    parts.unwrap_or_default().iter().map(part).collect()
}

/// The checksum that the whole must have. Those that are made of the parts' checksums are not compared: the
/// parts were, when they came in.
fn whole_checksum(input: &CompleteMultipartUploadInput) -> S3Result<Option<Integrity>> {
    let of_the_whole =
        input.checksum_type.as_ref().is_some_and(|kind| kind.as_str() == ChecksumType::FULL_OBJECT);
    if !of_the_whole {
        return Ok(None);
    }
    let wanted = Checksum {
        checksum_crc32: input.checksum_crc32.clone(),
        checksum_crc32c: input.checksum_crc32c.clone(),
        checksum_crc64nvme: input.checksum_crc64nvme.clone(),
        checksum_sha1: input.checksum_sha1.clone(),
        checksum_sha256: input.checksum_sha256.clone(),
        ..Checksum::default()
    };
    Integrity::expect(None, wanted, None, &HeaderMap::new(), None).map(Some)
}

fn digest(mut part: &File, integrity: &mut Integrity) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = part.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        integrity.update(piece);
    }
    io::Seek::rewind(&mut part)
}
