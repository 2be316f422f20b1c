//! Copies within the store. Their bytes are read and written once more, so that objects share nothing and a
//! damaged source is found.

use std::ops::Range;

use http::HeaderMap;
use s3s::{
    S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource,
        MetadataDirective, StreamingBlob, TaggingDirective, Timestamp, UploadPartCopyInput,
        UploadPartCopyOutput,
    },
    s3_error,
};

use super::{tagging, writes::of_received};
use crate::{
    answers::{self, strong},
    checksums::{self, Algorithm, Checksums},
    conditions::{Conditions, Seen},
    content,
    disk::Found,
    integrity::Integrity,
    layout::check_key,
    objects::Objects,
    parts,
    receive::{Received, receive},
    record::{Attributes, Record, attributes},
    room::failed,
};

/// The largest object that is copied in one request (Amazon S3).
const LARGEST_COPY: u64 = 5 * 1024 * 1024 * 1024;

/// The conditions on the source of a copy.
macro_rules! conditions {
    ($input:expr) => {
        Conditions {
            if_match: $input.copy_source_if_match.take(),
            if_none_match: $input.copy_source_if_none_match.take(),
            if_modified_since: $input.copy_source_if_modified_since.take(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.take(),
            ..Conditions::default()
        }
    };
}

impl Objects {
    pub(crate) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let mut input = request.input;
        check_key(&input.key)?;
        self.0.disk.check_bucket(&input.bucket)?;
        let metadata = input.metadata_directive.as_ref().map(MetadataDirective::as_str);
        let with_attributes = replaces(metadata, "Unknown metadata directive.")?;
        let tags = input.tagging_directive.as_ref().map(TaggingDirective::as_str);
        let with_tags = replaces(tags, "Unknown tagging directive.")?;
        let algorithm = input.checksum_algorithm.clone();
        algorithm.as_ref().map(|algorithm| Algorithm::named(algorithm.as_str())).transpose()?;
        let attributes = attributes!(input).checked()?;
        let (found, of_source) = self.source(&input.copy_source, &conditions!(input)).await?;
        let is_same = is_of(&input.copy_source, &input.bucket, &input.key);
        let redirects = attributes.website_redirect_location.is_some();
        if is_same && !with_attributes && !with_tags && !redirects && algorithm.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without \
                 changing the object's metadata, storage class, website redirect location or encryption \
                 attributes."
            ));
        }
        let source = found.record.clone();
        if source.size > LARGEST_COPY {
            return Err(s3_error!(InvalidRequest, "a copy has at most 5 GiB; larger ones are made in parts"));
        }
        let kept = source.checksums.algorithm().map(answers::algorithm);
        let received = self.copy(found, 0..source.size, algorithm.or(kept)).await?;
        // Where a page sends its readers is not copied (Amazon S3).
        let website_redirect_location = attributes.website_redirect_location.clone();
        let record = Record {
            attributes: if with_attributes {
                attributes
            } else {
                Attributes { website_redirect_location, ..source.attributes }
            },
            tags: if with_tags { tagging::of_header(input.tagging.as_deref())? } else { source.tags },
            ..of_received(&input.key, &received)
        };
        let mut result = CopyObjectResult {
            e_tag: Some(strong(record.e_tag.clone())),
            last_modified: Some(Timestamp::from(record.modified())),
            checksum_type: record.checksums.type_(),
            ..CopyObjectResult::default()
        };
        checksums::set!(result, record.checksums.clone());
        let version_id = self.store(input.bucket, record, received, Conditions::default()).await?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: of_source,
            version_id,
            ..CopyObjectOutput::default()
        }))
    }

    pub(crate) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let mut input = request.input;
        self.0.disk.check_bucket(&input.bucket)?;
        let number = parts::part_number(input.part_number)?;
        let (_, upload) = self.open_upload(&input.upload_id, &input.bucket, &input.key).await?;
        let (found, of_source) = self.source(&input.copy_source, &conditions!(input)).await?;
        let size = found.record.size;
        let range = match input.copy_source_range.as_deref() {
            Some(text) => range(text, size)?,
            None => 0..size,
        };
        if range.end - range.start > LARGEST_COPY {
            return Err(s3_error!(InvalidRequest, "a part has at most 5 GiB"));
        }
        let algorithm = upload.checksum.map(|(algorithm, _)| answers::algorithm(algorithm));
        let received = self.copy(found, range, algorithm).await?;
        let mut result = CopyPartResult {
            e_tag: Some(strong(received.digests.md5.clone())),
            last_modified: Some(Timestamp::from(std::time::SystemTime::now())),
            ..CopyPartResult::default()
        };
        checksums::set!(result, received.digests.checksums.clone());
        self.add_part(&input.upload_id, (&input.bucket, &input.key), number, received).await?;
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id: of_source,
            ..UploadPartCopyOutput::default()
        }))
    }

    /// The source of a copy, and how its version is shown.
    async fn source(
        &self,
        source: &CopySource,
        conditions: &Conditions,
    ) -> S3Result<(Found, Option<String>)> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented, "the source of a copy is an object of this store"));
        };
        let (found, version) = self.find(bucket, key, version_id.as_deref()).await.map_err(|error| {
            // A delete marker has nothing to copy (Amazon S3).
            if *error.code() == S3ErrorCode::MethodNotAllowed {
                return s3_error!(
                    InvalidRequest,
                    "The source of a copy request may not specifically refer to a \
                                                  delete marker by version id."
                );
            }
            error
        })?;
        conditions.check_copy(Seen::from(&found.record))?;
        Ok((found, version))
    }

    /// Reads and writes the bytes once more.
    async fn copy(
        &self,
        found: Found,
        range: Range<u64>,
        algorithm: Option<ChecksumAlgorithm>,
    ) -> S3Result<Received> {
        let length = i64::try_from(range.end - range.start).map_err(s3s::S3Error::internal_error)?;
        // What the source was when it came in. An object in parts has no digest of all of its bytes.
        let md5 = found.record.md5.clone().filter(|_| range == (0..found.record.size));
        let integrity =
            Integrity::expect(None, Checksums::default(), algorithm.as_ref(), &HeaderMap::new(), None)?;
        let bytes = content::read(found, range).await.map_err(failed)?;
        let body = StreamingBlob::wrap(bytes);
        let (root, room) = (self.0.disk.layout().root(), &self.0.room);
        let received = receive(root, room, Some(body), Some(length), integrity).await?;
        if md5.is_some_and(|md5| md5 != received.digests.md5) {
            tracing::error!("the source of a copy is damaged");
            return Err(s3_error!(InternalError, "the source of the copy is damaged"));
        }
        Ok(received)
    }
}

/// Whether the source of a copy is the current version of this object.
fn is_of(source: &CopySource, bucket: &str, key: &str) -> bool {
    matches!(source, CopySource::Bucket { bucket: from, key: name, version_id: None }
        if **from == *bucket && **name == *key)
}

/// Whether a directive says that what came with the source is replaced, and not copied.
///
/// # Errors
/// 400 in the words of `unknown` for one that says neither.
fn replaces(directive: Option<&str>, unknown: &'static str) -> S3Result<bool> {
    match directive {
        None | Some(MetadataDirective::COPY) => Ok(false),
        Some(MetadataDirective::REPLACE) => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "{unknown}")),
    }
}

/// The header `x-amz-copy-source-range`: both ends are given, and lie within the object (Amazon S3).
fn range(text: &str, size: u64) -> S3Result<Range<u64>> {
    let ends = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let number =
        |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let ends = ends.and_then(|(first, last)| Some((number(first)?, number(last)?)));
    match ends {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => {
            Err(s3_error!(InvalidArgument, "Range specified is not valid for source object of size: {size}"))
        }
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are \
             the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_a_source_lies_within_it() {
        assert_eq!(range("bytes=0-9", 10).unwrap(), 0..10);
        assert_eq!(range("bytes=9-9", 10).unwrap(), 9..10);
        for wrong in
            ["bytes=0-10", "bytes=5-4", "bytes=0-", "bytes=-5", "bytes=+1-2", "0-9", "bytes=0-9,11-12"]
        {
            assert!(range(wrong, 10).is_err(), "{wrong}");
        }
    }
}
