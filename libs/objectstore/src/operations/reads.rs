//! Reading an object, and what is known of it.

use std::ops::Range;

use http::StatusCode;
use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        self, ChecksumMode, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput,
        GetObjectOutput, HeadObjectInput, HeadObjectOutput, StorageClass, StreamingBlob, Timestamp,
    },
    s3_error,
};

use crate::{
    answers::{self, signed, strong},
    checksums::{self, Checksums},
    conditions::{Conditions, Seen},
    content,
    objects::Objects,
    parts::part_number,
    record::Record,
    room::failed,
    wording::refused,
};

/// Of an answer that does not show the tags.
const TAG_COUNT: &str = "x-amz-tagging-count";

/// The conditions of a read.
macro_rules! conditions {
    ($input:expr) => {
        Conditions {
            if_match: $input.if_match.take(),
            if_none_match: $input.if_none_match.take(),
            if_modified_since: $input.if_modified_since.take(),
            if_unmodified_since: $input.if_unmodified_since.take(),
            ..Conditions::default()
        }
    };
}

/// Gives an answer what is known of the object.
macro_rules! describe {
    ($output:ident { $($rest:tt)* }, $record:expr, $input:expr) => {{
        let (record, input) = ($record, $input);
        let attributes = record.attributes.clone();
        let disposition = input.response_content_disposition.clone();
        let disposition = disposition.or_else(|| attributes.content_disposition.clone());
        $output {
            accept_ranges: Some("bytes".into()),
            last_modified: Some(Timestamp::from(record.modified())),
            e_tag: Some(strong(record.e_tag.clone())),
            expires: input.response_expires.clone().or_else(|| attributes.expires()),
            content_type: input.response_content_type.clone().or(attributes.content_type).or_else(unknown),
            content_encoding: input.response_content_encoding.clone().or(attributes.content_encoding),
            content_disposition: disposition,
            content_language: input.response_content_language.clone().or(attributes.content_language),
            cache_control: input.response_cache_control.clone().or(attributes.cache_control),
            website_redirect_location: attributes.website_redirect_location,
            metadata: attributes.user_metadata,
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            $($rest)*
            ..$output::default()
        }
    }};
}

/// The type of what came without one (Amazon S3).
fn unknown() -> Option<String> {
    Some("binary/octet-stream".to_owned())
}

/// The bytes that are wanted of an object.
struct Span {
    bytes: Range<u64>,
    content_range: Option<String>,
    parts: Option<i32>,
}

impl Span {
    /// # Errors
    /// 416 for a range or a part that the object does not have, 400 for both at once.
    fn of(record: &Record, range: Option<dto::Range>, part: Option<i32>) -> S3Result<Self> {
        let size = record.size;
        let bytes = match (range, part) {
            (Some(_), Some(_)) => {
                let told = "Cannot specify both Range header and partNumber query parameter";
                return Err(s3_error!(InvalidRequest, "{told}"));
            }
            (Some(range), None) => Some(range.check(size)?),
            (None, Some(number)) => Some(part_of(record, number)?),
            (None, None) => None,
        };
        let shown = bytes.clone().filter(|bytes| size > 0 && bytes.end > bytes.start);
        let content_range =
            shown.map(|bytes| format!("bytes {}-{}/{size}", bytes.start, bytes.end.saturating_sub(1)));
        let parts = record.parts.as_ref().filter(|_| part.is_some());
        let parts = parts.and_then(|parts| i32::try_from(parts.len()).ok());
        Ok(Self { bytes: bytes.unwrap_or(0..size), content_range, parts })
    }

    fn length(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }

    /// The checksums of the object, for who asks for them: they are those of all of its bytes.
    fn checksums(&self, record: &Record, mode: Option<&ChecksumMode>) -> Checksums {
        let is_asked_for = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let is_whole = self.length() == record.size;
        if is_asked_for && is_whole { record.checksums.clone() } else { Checksums::default() }
    }
}

/// The bytes of a part; an object that did not come in parts is its only one.
fn part_of(record: &Record, number: i32) -> S3Result<Range<u64>> {
    let mut begin = 0;
    let Some(parts) = &record.parts else {
        return if number == 1 { Ok(0..record.size) } else { Err(no_such_part()) };
    };
    // Parts are counted as they follow each other in the object, whatever their numbers were.
    for (part, count) in parts.iter().zip(1..) {
        if count == number {
            return Ok(begin..begin + part.size);
        }
        begin += part.size;
    }
    Err(no_such_part())
}

fn no_such_part() -> S3Error {
    let told = "The requested partnumber is not satisfiable.";
    refused(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidPartNumber", told)
}

impl Objects {
    pub(crate) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let mut input = request.input;
        input.part_number.map_or(Ok(0), part_number)?;
        let (found, version_id) = self.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        let record = found.record;
        conditions!(input).check_read(Seen::from(&record))?;
        let span = Span::of(&record, input.range, input.part_number)?;
        let whole = span.checksums(&record, input.checksum_mode.as_ref());
        let mut output = describe!(
            HeadObjectOutput {
                content_length: Some(signed(span.length())?),
                version_id,
                content_range: span.content_range,
                parts_count: span.parts,
                checksum_type: whole.type_(),
            },
            &record,
            &input
        );
        checksums::set!(output, whole);
        let mut response = S3Response::new(output);
        if !record.tags.is_empty() {
            // The library has no place for it in this answer.
            response.headers.insert(TAG_COUNT, record.tags.len().into());
        }
        Ok(response)
    }

    pub(crate) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let mut input = request.input;
        input.part_number.map_or(Ok(0), part_number)?;
        let (found, version_id) = self.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        let record = &found.record;
        conditions!(input).check_read(Seen::from(record))?;
        let span = Span::of(record, input.range, input.part_number)?;
        let whole = span.checksums(record, input.checksum_mode.as_ref());
        let mut output = describe!(
            GetObjectOutput {
                content_length: Some(signed(span.length())?),
                version_id,
                content_range: span.content_range,
                parts_count: span.parts,
                tag_count: i32::try_from(record.tags.len()).ok().filter(|count| *count > 0),
                checksum_type: whole.type_(),
            },
            record,
            &input
        );
        checksums::set!(output, whole);
        let bytes = content::read(found, span.bytes).await.map_err(failed)?;
        output.body = Some(StreamingBlob::wrap(bytes));
        Ok(S3Response::new(output))
    }

    pub(crate) async fn get_object_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<S3Response<GetObjectAttributesOutput>> {
        let input = request.input;
        self.0.disk.check_bucket(&input.bucket)?;
        let wanted = answers::wanted_attributes(&input)?;
        let (found, version_id) = self.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        let attributes = answers::attributes(&input, &wanted, &found.record)?;
        Ok(S3Response::new(GetObjectAttributesOutput { version_id, ..attributes }))
    }
}
