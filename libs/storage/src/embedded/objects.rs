//! The objects themselves: `s3s-fs`, corrected where a commons would notice.
//!
//! - `s3s-fs` puts the whole key into the name of a side file, so a file name of some 90 characters would be
//!   refused after its bytes were written. Long keys are kept under a short name here, and listed as they
//!   are; and so are keys like `a//b`, which are not names of files.
//! - It makes a bucket of any name on PUT; here only buckets that exist take objects.
//! - It returns keys as they are when they were asked for URL-encoded; here they are encoded.
//! - It takes an upload apart before it looks whether the parts fit, and accepts an upload's id for any key;
//!   see [`multipart`].

use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteObjectInput, DeleteObjectOutput, EncodingType, GetBucketLocationInput, GetBucketLocationOutput,
        GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input, ListObjectsV2Output,
        ListPartsInput, ListPartsOutput, Object, PutObjectInput, PutObjectOutput, UploadPartInput,
        UploadPartOutput,
    },
    s3_error,
};
use s3s_fs::FileSystem;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::multipart;
use crate::Location;

/// Keys up to this many bytes are kept under their own name.
const SHORT_KEY: usize = 96;
/// Amazon's limit (bytes of UTF-8).
const LONGEST_KEY: usize = 1024;
/// Segment of a stored name that stands for a long key; no ordinary key may have it.
const LONG_KEY_MARK: &str = "~long-key~";
/// Folder of the real names of long keys, beside the buckets; no bucket can have this name.
const LONG_KEY_FOLDER: &str = ".long-keys";
/// Everything but the unreserved characters of RFC 3986 and the slash.
const KEY_IN_LIST: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

pub(super) struct Objects {
    files: FileSystem,
    folder: PathBuf,
    notices: mpsc::Sender<Location>,
}

impl Objects {
    pub(super) fn open(folder: &Path, notices: mpsc::Sender<Location>) -> io::Result<Self> {
        std::fs::create_dir_all(folder.join(LONG_KEY_FOLDER))?;
        multipart::forget_old(folder)?;
        let files = FileSystem::new(folder).map_err(|error| io::Error::other(format!("{error:?}")))?;
        Ok(Self { files, folder: folder.to_owned(), notices })
    }

    fn must_exist(&self, bucket: &str) -> S3Result<()> {
        if self.folder.join(bucket).is_dir() { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// The name under which `key` is kept.
    fn stored(key: &str) -> S3Result<Cow<'_, str>> {
        if key.len() > LONGEST_KEY {
            return Err(s3_error!(KeyTooLongError));
        }
        if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | ".." | LONG_KEY_MARK)) {
            return Err(s3_error!(InvalidArgument, "this object key is not supported"));
        }
        // A folder cannot tell `a//b` or `/a/b` from `a/b`, and two keys must not be one object.
        let is_plain = key.split('/').all(|segment| !segment.is_empty());
        if is_plain && key.len() <= SHORT_KEY {
            return Ok(Cow::Borrowed(key));
        }
        Ok(Cow::Owned(format!("{LONG_KEY_MARK}/{}", hex::encode(Sha256::digest(key.as_bytes())))))
    }

    /// As [`Self::stored`]; also remembers the real name of a long key before anything is kept under it.
    async fn stored_for_write(&self, bucket: &str, key: &str) -> S3Result<String> {
        self.must_exist(bucket)?;
        let stored = Self::stored(key)?.into_owned();
        if let Some((_, digest)) = stored.split_once(LONG_KEY_MARK) {
            let path = self.folder.join(LONG_KEY_FOLDER).join(digest.trim_start_matches('/'));
            if !path.exists() {
                let draft = path.with_extension(draft_name());
                tokio::fs::write(&draft, key).await.map_err(internal)?;
                tokio::fs::rename(&draft, &path).await.map_err(internal)?;
            }
        }
        Ok(stored)
    }

    /// The real key of a stored name.
    async fn real(&self, stored: String) -> S3Result<String> {
        let Some(digest) = stored.strip_prefix(LONG_KEY_MARK) else { return Ok(stored) };
        let path = self.folder.join(LONG_KEY_FOLDER).join(digest.trim_start_matches('/'));
        tokio::fs::read_to_string(path).await.map_err(internal)
    }

    fn notice(&self, bucket: String, key: String) {
        let Ok(location) = Location::new(bucket, key) else { return };
        if self.notices.try_send(location).is_err() {
            tracing::debug!("nobody reads the notices of completed objects");
        }
    }
}

fn internal(error: io::Error) -> s3s::S3Error {
    s3s::S3Error::internal_error(error)
}

/// A name that no other writer uses at the same time.
fn draft_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}.draft", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[async_trait]
impl S3 for Objects {
    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        self.files.list_buckets(request).await
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.files.get_bucket_location(request).await
    }

    async fn head_object(
        &self,
        mut request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        request.input.key = Self::stored(&request.input.key)?.into_owned();
        let mut answer = self.files.head_object(request).await?;
        answer.output.accept_ranges = Some("bytes".into());
        Ok(answer)
    }

    async fn get_object(
        &self,
        mut request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        request.input.key = Self::stored(&request.input.key)?.into_owned();
        let mut answer = self.files.get_object(request).await?;
        answer.output.accept_ranges = Some("bytes".into());
        Ok(answer)
    }

    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        request.input.key = self.stored_for_write(&bucket, &key).await?;
        let answer = self.files.put_object(request).await?;
        self.notice(bucket, key);
        Ok(answer)
    }

    async fn delete_object(
        &self,
        mut request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        request.input.key = Self::stored(&request.input.key)?.into_owned();
        self.files.delete_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let encoded =
            request.input.encoding_type.as_ref().is_some_and(|kind| kind.as_str() == EncodingType::URL);
        let mut answer = self.files.list_objects_v2(request).await?;
        let mut objects: Vec<Object> = Vec::new();
        for mut object in answer.output.contents.take().unwrap_or_default() {
            let real = self.real(object.key.unwrap_or_default()).await?;
            let key = if encoded { utf8_percent_encode(&real, KEY_IN_LIST).to_string() } else { real };
            object.key = Some(key);
            objects.push(object);
        }
        answer.output.contents = Some(objects);
        Ok(answer)
    }

    async fn create_multipart_upload(
        &self,
        mut request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        request.input.key = self.stored_for_write(&bucket, &key).await?;
        let mut answer = self.files.create_multipart_upload(request).await?;
        answer.output.upload_id = answer.output.upload_id.map(|id| multipart::sealed(&id, &bucket, &key));
        answer.output.key = Some(key);
        Ok(answer)
    }

    async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = &mut request.input;
        input.upload_id = multipart::opened(&input.upload_id, &input.bucket, &input.key)?;
        input.key = Self::stored(&input.key)?.into_owned();
        self.files.upload_part(request).await.map_err(multipart::unknown_upload)
    }

    async fn list_parts(
        &self,
        mut request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let (key, upload) = (request.input.key.clone(), request.input.upload_id.clone());
        request.input.upload_id = multipart::opened(&upload, &request.input.bucket, &key)?;
        request.input.key = Self::stored(&key)?.into_owned();
        let mut answer = self.files.list_parts(request).await?;
        answer.output.key = Some(key);
        answer.output.upload_id = Some(upload);
        Ok(answer)
    }

    async fn complete_multipart_upload(
        &self,
        mut request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        request.input.upload_id = multipart::opened(&request.input.upload_id, &bucket, &key)?;
        request.input.key = Self::stored(&key)?.into_owned();
        let wanted = request.input.multipart_upload.as_ref().and_then(|upload| upload.parts.clone());
        let list = request.clone().map_input(|input| ListPartsInput {
            bucket: input.bucket,
            key: input.key,
            upload_id: input.upload_id,
            ..ListPartsInput::default()
        });
        let there = self.files.list_parts(list).await?.output.parts.unwrap_or_default();
        multipart::check_parts(&wanted.unwrap_or_default(), &there)?;
        let answer =
            self.files.complete_multipart_upload(request).await.map_err(multipart::unknown_upload)?;
        self.notice(bucket, key);
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        mut request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = &mut request.input;
        input.upload_id = multipart::opened(&input.upload_id, &input.bucket, &input.key)?;
        input.key = Self::stored(&input.key)?.into_owned();
        self.files.abort_multipart_upload(request).await.map_err(multipart::unknown_upload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_keys_are_kept_under_another_name() {
        assert_eq!(Objects::stored("guid/file name+.txt").unwrap(), "guid/file name+.txt");
        let long = format!("guid/{}", "x".repeat(300));
        let stored = Objects::stored(&long).unwrap();
        assert!(stored.starts_with("~long-key~/") && stored.len() < SHORT_KEY, "{stored}");
        assert!(Objects::stored(&"x".repeat(1025)).is_err());
        assert!(Objects::stored("a/../../etc").is_err());
        assert!(Objects::stored("~long-key~/abc").is_err());
        assert!(Objects::stored("").is_err());
        for key in ["/guid/f", "guid//f", "guid/f/"] {
            assert!(Objects::stored(key).unwrap().starts_with("~long-key~/"), "{key}");
        }
    }
}
