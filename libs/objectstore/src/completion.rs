//! Ending a multipart upload. Its parts become the object where they lie; nothing is copied.

use std::{
    fs::File,
    io::{self, Read as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
    dto::{ChecksumType, CompleteMultipartUploadInput},
    s3_error,
};
use uuid::Uuid;

use crate::{
    answers,
    checksums::{self, Algorithm, Checksums, Composite},
    conditions::Conditions,
    disk::Disk,
    integrity::{self, digest},
    parts::{self, Part, Wanted},
    record::{Record, StoredPart},
    room::{Room, failed},
    uploads::{Ended, Upload, Uploads},
    version::written,
};

/// What is worked on.
pub(crate) struct Store<'s> {
    pub(crate) disk: &'s Disk,
    pub(crate) uploads: &'s Uploads,
    pub(crate) room: &'s Room,
}

impl Store<'_> {
    /// The object that an upload became, be it noted or not. A damaged record is taken for that of another
    /// object, since whatever has one may be written anew.
    ///
    /// # Errors
    /// 500 when it cannot be known.
    fn object(&self, id: Uuid, upload: &Upload) -> S3Result<Option<Record>> {
        match self.disk.record_of(&upload.bucket, &upload.key, id) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            found => found.map_err(failed),
        }
    }

    /// As [`Uploads::find`], for an upload that has not become an object.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) fn find_open(&self, id: &str, bucket: &str, key: &str) -> S3Result<(Uuid, Upload)> {
        let (id, upload) = self.uploads.find(id, bucket, key)?;
        if upload.ended.is_some() || self.object(id, &upload)?.is_some() {
            return Err(s3_error!(NoSuchUpload));
        }
        Ok((id, upload))
    }
}

/// Whether these are the parts that an object is made of.
fn is_of(record: &Record, wanted: &[Wanted]) -> bool {
    let same = |(part, wanted): (&StoredPart, &Wanted)| {
        let given = |algorithm| wanted.checksums.get(algorithm);
        part.number == wanted.number
            && part.md5 == wanted.e_tag
            && Algorithm::ALL.into_iter().all(|algorithm| {
                given(algorithm).is_none() || given(algorithm) == part.checksums.get(algorithm)
            })
    };
    let parts = record.parts.as_deref().unwrap_or_default();
    !parts.is_empty() && parts.len() == wanted.len() && parts.iter().zip(wanted).all(same)
}

/// The object that an upload became.
pub(crate) struct Outcome {
    pub(crate) e_tag: String,
    pub(crate) checksums: Checksums,
    /// As it is shown; of the version `null` none is.
    pub(crate) version: Option<String>,
    /// Whether it became it just now.
    pub(crate) is_new: bool,
}

/// Ends an upload. Its caller has the upload's turn. Asked once more, in the same words, it answers the same
/// as long as the object is still there: a client may not have got the first answer.
///
/// # Errors
/// 404 for an unknown upload, 400 for parts that do not fit, 412 for conditions that do not hold, 507 when
/// there is no room. The upload can be ended after all of these.
pub(crate) fn complete(store: &Store<'_>, input: &CompleteMultipartUploadInput) -> S3Result<Outcome> {
    let (id, upload) = store.uploads.find(&input.upload_id, &input.bucket, &input.key)?;
    let wanted = wanted(input)?;
    let there = store.object(id, &upload)?;
    if let Some(ended) = upload.ended {
        return match there {
            Some(record) if ended.parts == wanted || is_of(&record, &wanted) => {
                let version = written(Some(record.version()));
                Ok(Outcome { e_tag: record.e_tag, checksums: record.checksums, version, is_new: false })
            }
            _ => Err(s3_error!(NoSuchUpload)),
        };
    }
    let (record, version) = match there {
        // The process was killed between the object and the note that the upload is ended.
        Some(record) if is_of(&record, &wanted) => {
            let version = record.version();
            (record, Some(version))
        }
        Some(_) => return Err(s3_error!(NoSuchUpload)),
        None => {
            let record = record(store, id, &upload, input, &wanted)?;
            let conditions = Conditions {
                if_match: input.if_match.clone(),
                if_none_match: input.if_none_match.clone(),
                ..Conditions::default()
            };
            let version = store.disk.put(&input.bucket, &record, None, &conditions)?;
            (record, version)
        }
    };
    let (e_tag, checksums) = (record.e_tag.clone(), record.checksums.clone());
    let ended = Ended { e_tag: e_tag.clone(), parts: wanted };
    // The object is there. What is left to do is done by whoever looks through old uploads.
    if let Err(error) = store.uploads.end(id, &upload, ended, record.parts.as_deref().unwrap_or_default()) {
        tracing::error!(error = %error, "an upload that was ended cannot be cleared away");
    }
    Ok(Outcome { e_tag, checksums, version: written(version), is_new: true })
}

/// The record of the object that an upload becomes.
fn record(
    store: &Store<'_>,
    id: Uuid,
    upload: &Upload,
    input: &CompleteMultipartUploadInput,
    wanted: &[Wanted],
) -> S3Result<Record> {
    check_listed(upload, wanted)?;
    let chosen = parts::choose(wanted, &store.uploads.parts(id, upload)?)?;
    let size: u64 = chosen.iter().map(|part| part.size).sum();
    if let Some(said) = input.mpu_object_size.filter(|said| u64::try_from(*said) != Ok(size)) {
        let told = if said < 0 {
            format!("Value for x-amz-mp-object-size header is less than zero: '{said}'")
        } else {
            format!(
                "The provided 'x-amz-mp-object-size' header value {said} does not match what was computed: \
                 {size}"
            )
        };
        return Err(s3_error!(InvalidRequest, "{told}"));
    }
    store.room.check(0)?;
    let checksums = whole_checksum(upload, input, &chosen)?;
    let mut tags = Md5::new();
    for part in &chosen {
        tags.update(&hex::decode(&part.e_tag).unwrap_or_default());
    }
    let e_tag = format!("{}-{}", hex::encode(tags.finalize().as_ref()), chosen.len());
    let stored = |part: Part| StoredPart {
        file: parts::file_name(part.number, &part.e_tag, &part.checksums),
        number: part.number,
        size: part.size,
        md5: part.e_tag,
        checksums: part.checksums,
    };
    Ok(Record {
        e_tag,
        data: id,
        parts: Some(chosen.into_iter().map(stored).collect()),
        md5: None,
        checksums,
        attributes: upload.attributes.clone(),
        tags: upload.tags.clone(),
        ..Record::of_file(&input.key, size, String::new())
    })
}

/// The parts as the client lists them.
///
/// # Errors
/// 400 for those that cannot be.
fn wanted(input: &CompleteMultipartUploadInput) -> S3Result<Vec<Wanted>> {
    let parts = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
    let part = |part: &s3s::dto::CompletedPart| {
        let (Some(number), Some(e_tag)) = (part.part_number, &part.e_tag) else {
            return Err(s3_error!(MalformedXML));
        };
        if number < 1 {
            return Err(s3_error!(InvalidArgument, "PartNumber must be >= 1"));
        }
        let checksums = checksums::of!(part);
        if integrity::check(&checksums).is_err() {
            let told = "Invalid Base64 or multiple checksums present in request";
            return Err(s3_error!(InvalidArgument, "{told}"));
        }
        Ok(Wanted { number, e_tag: e_tag.value().to_owned(), checksums })
    };
    parts.unwrap_or_default().iter().map(part).collect()
}

/// Whether the parts are listed with the checksum that their upload was begun with, and all of them if that
/// of the object is made of theirs (Amazon S3).
///
/// # Errors
/// 400.
fn check_listed(upload: &Upload, wanted: &[Wanted]) -> S3Result<()> {
    let Some((algorithm, kind)) = upload.checksum else { return Ok(()) };
    let name = algorithm.name().to_ascii_lowercase();
    for Wanted { number, checksums, .. } in wanted {
        match checksums.algorithm() {
            Some(given) if given != algorithm => {
                let given = given.name().to_ascii_lowercase();
                return Err(s3_error!(
                    BadDigest,
                    "The {given} you specified for part {number} did not match what we received."
                ));
            }
            None if kind.is_some() => {
                return Err(s3_error!(
                    InvalidRequest,
                    "The upload was created using a {name} checksum. The complete request must include the \
                     checksum for each part. It was missing for part {number} in the request."
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The checksum of the object: the one that was named when the upload was begun, or is given now. One that is
/// given is compared.
fn whole_checksum(
    upload: &Upload,
    input: &CompleteMultipartUploadInput,
    parts: &[Part],
) -> S3Result<Checksums> {
    let given = checksums::of!(input);
    let said = match input.checksum_type.as_ref().map(ChecksumType::as_str) {
        None => None,
        Some(ChecksumType::COMPOSITE) => Some(true),
        Some(ChecksumType::FULL_OBJECT) => Some(false),
        Some(_) => return Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid.")),
    };
    let (algorithm, kind) = match (upload.checksum, given.algorithm()) {
        (Some((_, kind)), _) if said.is_some_and(|composite| composite != kind.is_some()) => {
            let kind = answers::kind(kind);
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using the {} checksum mode. The complete request must use the same \
                 checksum mode.",
                kind.as_str()
            ));
        }
        (Some(chosen), _) => chosen,
        (None, Some(algorithm)) if said == Some(false) => (algorithm, None),
        // What is made of parts without checksums cannot be compared; the parts were, when they came in.
        (None, _) => return Ok(Checksums::default()),
    };
    check_given(&given, kind)?;
    let of_parts: Option<Vec<&str>> = parts.iter().map(|part| part.checksums.get(algorithm)).collect();
    let value = match (kind, of_parts) {
        (Some(Composite::Composite), Some(values)) => checksums::composite(algorithm, values.into_iter()),
        // As Amazon S3: parts must have been sent with the checksum that the whole is made of.
        (Some(Composite::Composite), None) => return Ok(Checksums::default()),
        (None, Some(values)) if algorithm.can_be_of_all() => {
            let sizes = parts.iter().map(|part| part.size);
            checksums::joined(algorithm, values.into_iter().zip(sizes))
        }
        (None, _) => Some(read_all(algorithm, parts)?),
    };
    let Some(value) = value else { return Ok(Checksums::default()) };
    if given.get(algorithm).is_some_and(|given| given != value) {
        return Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            algorithm.name()
        ));
    }
    Ok(Checksums { kind, ..Checksums::only(algorithm, value) })
}

/// Whether a checksum of the whole can be one; that of the parts' checksums ends with their number.
///
/// # Errors
/// 400.
fn check_given(given: &Checksums, kind: Option<Composite>) -> S3Result<()> {
    let Some(algorithm) = given.algorithm().filter(|_| kind.is_some()) else {
        return integrity::check(given);
    };
    let value = given.get(algorithm).unwrap_or_default();
    let (digest, count) = value.split_once('-').unwrap_or((value, "1"));
    integrity::check(&Checksums::only(algorithm, digest.to_owned()))?;
    if count.parse::<u32>().is_ok() {
        return Ok(());
    }
    let name = algorithm.name().to_ascii_lowercase();
    Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-{name} header is invalid."))
}

/// Computes a checksum that cannot be made of those of the parts.
fn read_all(algorithm: Algorithm, parts: &[Part]) -> S3Result<String> {
    let mut digest = digest(algorithm);
    let mut buffer = vec![0; 256 * 1024];
    for part in parts {
        let mut file = File::open(&part.path).map_err(failed)?;
        loop {
            let read = file.read(&mut buffer).map_err(failed)?;
            let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
            digest.update(piece);
        }
    }
    let value = Checksums::from(digest.finalize());
    Ok(value.get(algorithm).map_or_else(|| STANDARD.encode([]), str::to_owned))
}
