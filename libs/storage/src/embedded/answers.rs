//! What the operations answer.

use std::io;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{
        Checksum, CommonPrefix, EncodingType, GetObjectOutput, HeadObjectOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, Object, Part, PutObjectOutput, Range,
        StreamingBlob, Timestamp,
    },
    s3_error,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{
    files::{Opened, strong},
    listing::{Entry, Page, Wanted},
    parts,
    room::failed,
};

/// Keys of a page, at most and unless fewer are wanted, as in Amazon S3.
const KEYS_OF_A_PAGE: usize = 1000;
/// Objects are read in pieces of this size.
const PIECE: usize = 64 * 1024;
/// Everything but the unreserved characters of RFC 3986 and the slash.
const KEY_IN_LIST: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

fn signed(size: u64) -> S3Result<i64> {
    i64::try_from(size).map_err(s3s::S3Error::internal_error)
}

pub(super) fn head(object: Opened) -> S3Result<HeadObjectOutput> {
    let (checksum, attributes) = (object.record.checksum(), object.attributes);
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: Some(signed(object.size)?),
        last_modified: Some(Timestamp::from(object.modified)),
        e_tag: Some(strong(object.e_tag)),
        expires: attributes.expires(),
        content_type: attributes.content_type,
        content_encoding: attributes.content_encoding,
        content_disposition: attributes.content_disposition,
        content_language: attributes.content_language,
        cache_control: attributes.cache_control,
        website_redirect_location: attributes.website_redirect_location,
        metadata: attributes.user_metadata,
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        ..HeadObjectOutput::default()
    })
}

/// The bytes of an object, or of one range of it. A range that is longer than the object ends with it.
pub(super) async fn get(object: Opened, range: Option<Range>) -> S3Result<GetObjectOutput> {
    let size = object.size;
    let (from, to) = match range {
        Some(range) => range.check(size).map(|range| (range.start, range.end))?,
        None => (0, size),
    };
    let content_range =
        range.filter(|_| size > 0).map(|_| format!("bytes {from}-{}/{size}", to.saturating_sub(1)));
    // The checksum is that of all bytes.
    let checksum = if to - from == size { object.record.checksum() } else { Checksum::default() };
    let mut file = tokio::fs::File::from_std(object.file);
    if from > 0 {
        file.seek(io::SeekFrom::Start(from)).await.map_err(failed)?;
    }
    let bytes = ReaderStream::with_capacity(file.take(to - from), PIECE);
    let attributes = object.attributes;
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        body: Some(StreamingBlob::wrap(bytes)),
        content_length: Some(signed(to - from)?),
        content_range,
        last_modified: Some(Timestamp::from(object.modified)),
        e_tag: Some(strong(object.e_tag)),
        expires: attributes.expires(),
        content_type: attributes.content_type,
        content_encoding: attributes.content_encoding,
        content_disposition: attributes.content_disposition,
        content_language: attributes.content_language,
        cache_control: attributes.cache_control,
        website_redirect_location: attributes.website_redirect_location,
        metadata: attributes.user_metadata,
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        ..GetObjectOutput::default()
    })
}

pub(super) fn put(e_tag: String, checksum: Checksum) -> PutObjectOutput {
    PutObjectOutput {
        e_tag: Some(strong(e_tag)),
        checksum_crc32: checksum.checksum_crc32,
        checksum_crc32c: checksum.checksum_crc32c,
        checksum_crc64nvme: checksum.checksum_crc64nvme,
        checksum_sha1: checksum.checksum_sha1,
        checksum_sha256: checksum.checksum_sha256,
        ..PutObjectOutput::default()
    }
}

/// What a request wants to be listed.
///
/// # Errors
/// 400 for numbers and tokens that cannot be.
pub(super) fn wanted(input: &ListObjectsV2Input) -> S3Result<Wanted> {
    let most = match input.max_keys.map(usize::try_from) {
        None => KEYS_OF_A_PAGE,
        Some(Ok(most)) => most.min(KEYS_OF_A_PAGE),
        Some(Err(_)) => return Err(s3_error!(InvalidArgument, "max-keys is not negative")),
    };
    let token = |token: &String| hex::decode(token).ok().and_then(|key| String::from_utf8(key).ok());
    let after = match &input.continuation_token {
        Some(text) => {
            Some(token(text).ok_or_else(|| s3_error!(InvalidArgument, "no such continuation token"))?)
        }
        None => input.start_after.clone(),
    };
    Ok(Wanted {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
        after,
        most,
    })
}

/// A page of keys. XML cannot have every character: a client that wants to see all keys asks for them to be
/// encoded; for one that does not, those keys are left out.
pub(super) fn page(input: ListObjectsV2Input, page: Page) -> ListObjectsV2Output {
    let is_encoded = input.encoding_type.as_ref().is_some_and(|kind| kind.as_str() == EncodingType::URL);
    let encode = |text: String| {
        if is_encoded { utf8_percent_encode(&text, KEY_IN_LIST).to_string() } else { text }
    };
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            Entry::Object { key, .. } | Entry::Prefix(key) if !is_encoded && !key.chars().all(is_xml) => {
                tracing::warn!(key = ?key, "a key that XML cannot have is left out of a list");
            }
            Entry::Object { key, size, modified } => contents.push(Object {
                key: Some(encode(key)),
                size: i64::try_from(size).ok(),
                last_modified: Some(Timestamp::from(modified)),
                ..Object::default()
            }),
            Entry::Prefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(encode(prefix)) }),
        }
    }
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        max_keys: input.max_keys.or(i32::try_from(KEYS_OF_A_PAGE).ok()),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(hex::encode),
        contents: Some(contents),
        common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
        continuation_token: input.continuation_token,
        delimiter: input.delimiter.map(encode),
        prefix: input.prefix.map(encode),
        start_after: input.start_after.map(encode),
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        ..ListObjectsV2Output::default()
    }
}

/// The characters of XML 1.0, §2.2.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// A page of the parts of an upload.
///
/// # Errors
/// 400 for numbers that cannot be.
pub(super) fn parts(
    input: ListPartsInput,
    there: Vec<parts::Part>,
    most: usize,
) -> S3Result<ListPartsOutput> {
    let most = match input.max_parts.map(usize::try_from) {
        None => most,
        Some(Ok(wanted)) => wanted.min(most),
        Some(Err(_)) => return Err(s3_error!(InvalidArgument, "max-parts is not negative")),
    };
    let after = input.part_number_marker.unwrap_or(0);
    let mut rest = there.into_iter().filter(|part| part.number > after);
    let page: Vec<Part> = rest
        .by_ref()
        .take(most)
        .map(|part| Part {
            part_number: Some(part.number),
            size: i64::try_from(part.size).ok(),
            e_tag: Some(strong(part.e_tag)),
            last_modified: Some(Timestamp::from(part.modified)),
            ..Part::default()
        })
        .collect();
    let is_truncated = rest.next().is_some();
    let last = page.last().and_then(|part| part.part_number);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: i32::try_from(most).ok(),
        part_number_marker: input.part_number_marker,
        next_part_number_marker: last.filter(|_| is_truncated),
        is_truncated: Some(is_truncated),
        parts: Some(page),
        ..ListPartsOutput::default()
    })
}
