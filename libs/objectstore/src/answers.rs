//! What the operations answer. Pure.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{
        ChecksumAlgorithm, ChecksumType, CommonPrefix, ETag, EncodingType, GetObjectAttributesInput,
        GetObjectAttributesOutput, GetObjectAttributesParts, ListMultipartUploadsInput,
        ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, Object, ObjectAttributes,
        ObjectPart, ObjectStorageClass, Part, StorageClass, Timestamp,
    },
    s3_error,
};

use crate::{
    begun::Listed,
    checksums::{self, Algorithm, Composite},
    index::{Entry, Page, Wanted},
    parts,
    record::{Record, StoredPart},
    uploads::Upload,
};

/// Keys of a page, at most and unless fewer are wanted, as in Amazon S3.
pub(crate) const KEYS_OF_A_PAGE: usize = 1000;
/// Parts of a page of them, as in Amazon S3.
const PARTS_OF_A_PAGE: usize = 1000;
/// Everything but the unreserved characters of RFC 3986 and the slash.
const KEY_IN_LIST: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A key as it stands in a URL.
pub(crate) fn path(key: &str) -> String {
    utf8_percent_encode(key, KEY_IN_LIST).to_string()
}

/// A size as the protocol has it.
pub(crate) fn signed(size: u64) -> S3Result<i64> {
    i64::try_from(size).map_err(s3s::S3Error::internal_error)
}

/// How an entity tag is given to a client.
pub(crate) fn strong(e_tag: String) -> ETag {
    ETag::Strong(e_tag)
}

/// An algorithm as the protocol names it.
pub(crate) fn algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(algorithm.name())
}

/// A type of checksum as the protocol names it.
pub(crate) fn kind(kind: Option<Composite>) -> ChecksumType {
    ChecksumType::from_static(if kind.is_some() {
        ChecksumType::COMPOSITE
    } else {
        ChecksumType::FULL_OBJECT
    })
}

/// How many are wanted of a list that has `largest` on a page.
///
/// # Errors
/// 400 for a negative number.
pub(crate) fn most(wanted: Option<i32>, largest: usize) -> S3Result<usize> {
    let Some(wanted) = wanted else { return Ok(largest) };
    match usize::try_from(wanted) {
        Ok(wanted) => Ok(wanted.min(largest)),
        Err(_) => {
            Err(s3_error!(InvalidArgument, "Argument {wanted} must be an integer between 0 and 2147483647"))
        }
    }
}

/// The key in a token that an earlier page gave.
///
/// # Errors
/// 400 for one that no page gave.
pub(crate) fn token(token: Option<&str>) -> S3Result<Option<String>> {
    let Some(token) = token else { return Ok(None) };
    let key = hex::decode(token).ok().and_then(|key| String::from_utf8(key).ok());
    key.map(Some).ok_or_else(|| s3_error!(InvalidArgument, "no such continuation token"))
}

/// What a request wants to be listed.
///
/// # Errors
/// 400 for numbers that cannot be.
pub(crate) fn wanted(
    max_keys: Option<i32>,
    prefix: &Option<String>,
    delimiter: &Option<String>,
    after: Option<String>,
) -> S3Result<Wanted> {
    Ok(Wanted {
        prefix: prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
        after: after.filter(|after| !after.is_empty()),
        most: most(max_keys, KEYS_OF_A_PAGE)?,
    })
}

/// Keys as a client wants them. XML cannot have every character: a client that wants to see all keys asks for
/// them to be encoded; for one that does not, those keys are left out.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    are_encoded: bool,
}

impl Keys {
    pub(crate) fn of(encoding: Option<&EncodingType>) -> Self {
        Self { are_encoded: encoding.is_some_and(|kind| kind.as_str() == EncodingType::URL) }
    }

    pub(crate) fn encode(self, key: String) -> String {
        if self.are_encoded { path(&key) } else { key }
    }

    pub(crate) fn can_show(self, key: &str) -> bool {
        let can = self.are_encoded || key.chars().all(is_xml);
        if !can {
            tracing::warn!(key = ?key, "a key that XML cannot have is left out of a list");
        }
        can
    }

    fn split(self, entries: Vec<Entry>) -> (Vec<Object>, Vec<CommonPrefix>) {
        let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Object { key, size, modified, checksum, e_tag } if self.can_show(&key) => contents
                    .push(Object {
                        key: Some(self.encode(key)),
                        size: i64::try_from(size).ok(),
                        last_modified: Some(Timestamp::from(modified)),
                        e_tag: Some(strong(e_tag)),
                        checksum_algorithm: checksum.map(|(chosen, _)| vec![algorithm(chosen)]),
                        checksum_type: checksum.map(|(_, chosen)| kind(chosen)),
                        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                        ..Object::default()
                    }),
                Entry::Prefix(prefix) if self.can_show(&prefix) => {
                    prefixes.push(CommonPrefix { prefix: Some(self.encode(prefix)) });
                }
                _ => {}
            }
        }
        (contents, prefixes)
    }
}

/// The characters of XML 1.0, §2.2.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

pub(crate) fn largest_page(max_keys: Option<i32>) -> Option<i32> {
    let largest = i32::try_from(KEYS_OF_A_PAGE).ok();
    max_keys.map(|most| most.min(largest.unwrap_or(most))).or(largest)
}

/// A page of keys.
pub(crate) fn page(input: ListObjectsV2Input, page: Page) -> ListObjectsV2Output {
    let keys = Keys::of(input.encoding_type.as_ref());
    let (contents, prefixes) = keys.split(page.entries);
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        max_keys: largest_page(input.max_keys),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(hex::encode),
        contents: Some(contents),
        common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
        continuation_token: input.continuation_token,
        delimiter: input.delimiter.map(|delimiter| keys.encode(delimiter)),
        prefix: input.prefix.map(|prefix| keys.encode(prefix)),
        start_after: input.start_after.map(|after| keys.encode(after)),
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        ..ListObjectsV2Output::default()
    }
}

/// A page of keys, in the earlier form: what to go on with is a key, and not a token.
pub(crate) fn earlier_page(input: ListObjectsInput, page: Page) -> ListObjectsOutput {
    let keys = Keys::of(input.encoding_type.as_ref());
    let (contents, prefixes) = keys.split(page.entries);
    ListObjectsOutput {
        max_keys: largest_page(input.max_keys),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.map(|next| keys.encode(next)),
        contents: Some(contents),
        common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
        delimiter: input.delimiter.map(|delimiter| keys.encode(delimiter)),
        prefix: input.prefix.map(|prefix| keys.encode(prefix)),
        marker: input.marker.map(|marker| keys.encode(marker)),
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        ..ListObjectsOutput::default()
    }
}

/// A page of the parts of an upload.
///
/// # Errors
/// 400 for numbers that cannot be.
pub(crate) fn parts(
    input: ListPartsInput,
    there: Vec<parts::Part>,
    upload: &Upload,
) -> S3Result<ListPartsOutput> {
    let most = most(input.max_parts, PARTS_OF_A_PAGE)?;
    let after = input.part_number_marker.unwrap_or(0);
    if after < 0 {
        return Err(s3_error!(InvalidArgument, "part-number-marker is not negative"));
    }
    let mut rest = there.into_iter().filter(|part| part.number > after);
    let page: Vec<Part> = rest
        .by_ref()
        .take(most)
        .map(|part| {
            let mut shown = Part {
                part_number: Some(part.number),
                size: i64::try_from(part.size).ok(),
                e_tag: Some(strong(part.e_tag)),
                last_modified: Some(Timestamp::from(part.modified)),
                ..Part::default()
            };
            checksums::set!(shown, part.checksums);
            shown
        })
        .collect();
    let is_truncated = rest.next().is_some();
    let last = page.last().and_then(|part| part.part_number);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: i32::try_from(most).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: last.filter(|_| is_truncated),
        is_truncated: Some(is_truncated),
        parts: Some(page),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: upload.checksum.map(|(chosen, _)| algorithm(chosen)),
        checksum_type: upload.checksum.map(|(_, chosen)| kind(chosen)),
        ..ListPartsOutput::default()
    })
}

/// A page of uploads.
pub(crate) fn uploads(
    input: ListMultipartUploadsInput,
    uploads: Vec<Listed>,
    most: usize,
    is_truncated: bool,
) -> ListMultipartUploadsOutput {
    let keys = Keys::of(input.encoding_type.as_ref());
    let last = uploads.last().filter(|_| is_truncated);
    let next_key_marker = last.map(|last| keys.encode(last.key.clone()));
    let next_upload_id_marker = last.map(|last| last.id.clone());
    let shown = uploads.into_iter().filter(|upload| keys.can_show(&upload.key));
    let upload = |listed: Listed| MultipartUpload {
        key: Some(keys.encode(listed.key)),
        upload_id: Some(listed.id),
        initiated: Some(Timestamp::from(listed.begun)),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        checksum_algorithm: listed.checksum.map(|(chosen, _)| algorithm(chosen)),
        checksum_type: listed.checksum.map(|(_, chosen)| kind(chosen)),
        ..MultipartUpload::default()
    };
    ListMultipartUploadsOutput {
        uploads: Some(shown.map(upload).collect()),
        is_truncated: Some(is_truncated),
        max_uploads: i32::try_from(most).ok(),
        next_key_marker,
        next_upload_id_marker,
        prefix: input.prefix.map(|prefix| keys.encode(prefix)),
        key_marker: input.key_marker.map(|key| keys.encode(key)),
        upload_id_marker: input.upload_id_marker,
        encoding_type: input.encoding_type,
        bucket: Some(input.bucket),
        ..ListMultipartUploadsOutput::default()
    }
}

/// The attributes of an object that are asked for.
///
/// # Errors
/// 400 for none and for unknown ones.
pub(crate) fn wanted_attributes(input: &GetObjectAttributesInput) -> S3Result<Vec<&str>> {
    let known = [
        ObjectAttributes::ETAG,
        ObjectAttributes::CHECKSUM,
        ObjectAttributes::OBJECT_PARTS,
        ObjectAttributes::OBJECT_SIZE,
        ObjectAttributes::STORAGE_CLASS,
    ];
    // The header may come once with all names, or once for each.
    let names = input.object_attributes.iter().flat_map(|names| names.as_str().split(','));
    let names: Vec<&str> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(s3_error!(
            InvalidRequest,
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing \
             or empty"
        ));
    }
    if names.iter().any(|name| !known.contains(name)) {
        return Err(s3_error!(InvalidArgument, "Invalid attribute name specified."));
    }
    Ok(names)
}

/// Those of the attributes of an object that are `wanted`.
///
/// # Errors
/// 400 for numbers that cannot be.
pub(crate) fn attributes(
    input: &GetObjectAttributesInput,
    wanted: &[&str],
    record: &Record,
) -> S3Result<GetObjectAttributesOutput> {
    let wants = |name: &str| wanted.contains(&name);
    let parts = record.parts.as_deref().filter(|_| wants(ObjectAttributes::OBJECT_PARTS));
    let checksum = Some(s3s::dto::Checksum::from(record.checksums.clone()));
    Ok(GetObjectAttributesOutput {
        e_tag: wants(ObjectAttributes::ETAG).then(|| strong(record.e_tag.clone())),
        checksum: checksum.filter(|_| wants(ObjectAttributes::CHECKSUM) && !record.checksums.is_empty()),
        object_parts: parts.map(|parts| stored_parts(input, parts)).transpose()?,
        object_size: if wants(ObjectAttributes::OBJECT_SIZE) { Some(signed(record.size)?) } else { None },
        storage_class: wants(ObjectAttributes::STORAGE_CLASS)
            .then(|| StorageClass::from_static(StorageClass::STANDARD)),
        last_modified: Some(Timestamp::from(record.modified())),
        ..GetObjectAttributesOutput::default()
    })
}

fn stored_parts(
    input: &GetObjectAttributesInput,
    parts: &[StoredPart],
) -> S3Result<GetObjectAttributesParts> {
    let most = most(input.max_parts, PARTS_OF_A_PAGE)?;
    let after = input.part_number_marker.unwrap_or(0);
    if after < 0 {
        return Err(s3_error!(InvalidArgument, "x-amz-part-number-marker is not negative"));
    }
    let rest: Vec<&StoredPart> = parts.iter().filter(|part| part.number > after).collect();
    let shown = rest.iter().take(most).map(|part| {
        let mut shown = ObjectPart {
            part_number: Some(part.number),
            size: i64::try_from(part.size).ok(),
            ..ObjectPart::default()
        };
        checksums::set!(shown, part.checksums.clone());
        shown
    });
    let shown: Vec<ObjectPart> = shown.collect();
    let is_truncated = rest.len() > most;
    Ok(GetObjectAttributesParts {
        is_truncated: Some(is_truncated),
        max_parts: i32::try_from(most).ok(),
        next_part_number_marker: shown.last().and_then(|part| part.part_number).filter(|_| is_truncated),
        part_number_marker: Some(after),
        parts: Some(shown),
        total_parts_count: i32::try_from(parts.len()).ok(),
    })
}
