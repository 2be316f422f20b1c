//! The operations of the protocol, on files.
//!
//! What a request says is checked here: keys, numbers, lengths and conditions; files and uploads take what is
//! already known to be right. Work on files is done on threads that may wait.

use std::{borrow::Cow, io, path::Path, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket, Checksum,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
        HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
        UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use tokio::sync::mpsc;

use super::{
    answers, completion, draft,
    files::{Conditions, Files, Opened, strong},
    integrity::Integrity,
    long_keys::LongKeys,
    names, parts,
    receive::receive,
    record::{Attributes, Record},
    room::{Room, failed},
    uploads::{Upload, Uploads},
};
use crate::Location;

/// Parts of a page of them, as in Amazon S3.
const PARTS_OF_A_PAGE: usize = 1000;

/// The objects of an endpoint.
#[derive(Clone)]
pub(super) struct Objects(Arc<Inner>);

struct Inner {
    files: Files,
    uploads: Uploads,
    long_keys: LongKeys,
    room: Room,
    buckets: Vec<String>,
    notices: mpsc::Sender<Location>,
}

impl Objects {
    pub(super) fn open(
        root: &Path,
        buckets: &[String],
        reserve: Option<u64>,
        notices: mpsc::Sender<Location>,
    ) -> io::Result<Self> {
        draft::private_folder(root)?;
        draft::prepare(root)?;
        for bucket in buckets {
            draft::private_folder(&root.join(bucket))?;
        }
        let inner = Inner {
            files: Files::new(root),
            uploads: Uploads::open(root)?,
            long_keys: LongKeys::open(root)?,
            room: Room::new(root, reserve)?,
            buckets: buckets.to_vec(),
            notices,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Deletes what is left of uploads that nobody goes on with.
    pub(super) async fn forget_old_uploads(&self) {
        let inner = self.0.clone();
        let forgotten = working(move || inner.uploads.forget_old(SystemTime::now()).map_err(failed)).await;
        if forgotten.is_err() {
            tracing::warn!("old uploads of the object store cannot be deleted");
        }
    }

    fn notice(&self, bucket: String, key: String) {
        let Ok(location) = Location::new(bucket, key) else { return };
        if self.0.notices.try_send(location).is_err() {
            tracing::debug!("nobody reads the notices of completed objects");
        }
    }

    async fn opened(&self, bucket: String, key: &str) -> S3Result<Opened> {
        let stored = names::stored(key)?.into_owned();
        let inner = self.0.clone();
        working(move || inner.files.open(&bucket, &stored)).await
    }
}

/// Does work that waits for files.
async fn working<T: Send + 'static>(work: impl FnOnce() -> S3Result<T> + Send + 'static) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(s3s::S3Error::internal_error(error)),
    }
}

/// Refuses a read that its conditions exclude (RFC 9110 §13.2.2).
fn may_read(conditions: &Conditions, opened: &Opened) -> S3Result<()> {
    if !conditions.may_match(Some(&opened.e_tag)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if !conditions.may_not_match(Some(&opened.e_tag)) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

#[async_trait]
impl S3 for Objects {
    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.files.bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = |name: &String| Bucket { name: Some(name.clone()), ..Bucket::default() };
        let buckets = self.0.buckets.iter().map(bucket).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.0.files.bucket(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let opened = self.opened(input.bucket, &input.key).await?;
        let (if_match, if_none_match) = (input.if_match, input.if_none_match);
        may_read(&Conditions { if_match, if_none_match }, &opened)?;
        answers::head(opened).map(S3Response::new)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let opened = self.opened(input.bucket, &input.key).await?;
        let (if_match, if_none_match) = (input.if_match, input.if_none_match);
        may_read(&Conditions { if_match, if_none_match }, &opened)?;
        answers::get(opened, input.range).await.map(S3Response::new)
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let (headers, trailers, input) = (request.headers, request.trailing_headers, request.input);
        let (bucket, key) = (input.bucket, input.key);
        let stored = names::stored(&key)?.into_owned();
        self.0.files.bucket(&bucket)?;
        let wanted = Checksum {
            checksum_crc32: input.checksum_crc32,
            checksum_crc32c: input.checksum_crc32c,
            checksum_crc64nvme: input.checksum_crc64nvme,
            checksum_sha1: input.checksum_sha1,
            checksum_sha256: input.checksum_sha256,
            ..Checksum::default()
        };
        let (md5, algorithm) = (input.content_md5, input.checksum_algorithm);
        let integrity = Integrity::expect(md5.as_deref(), wanted, algorithm.as_ref(), &headers, trailers)?;
        let inner = &self.0;
        let received =
            receive(inner.files.root(), &inner.room, input.body, input.content_length, integrity).await?;
        let attributes = Attributes {
            user_metadata: input.metadata,
            content_encoding: input.content_encoding,
            content_type: input.content_type,
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            expires: Attributes::time(input.expires.as_ref()),
            website_redirect_location: input.website_redirect_location,
        };
        let (e_tag, checksum) = (received.digests.md5, received.digests.checksum);
        let record = Record::new(e_tag.clone(), checksum.clone(), attributes);
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (inner, draft) = (self.0.clone(), received.draft);
        let (at, name) = (bucket.clone(), key.clone());
        working(move || {
            inner.long_keys.remember(&stored, &name).map_err(failed)?;
            inner.files.replace((&at, &stored), draft, record, &conditions)
        })
        .await?;
        self.notice(bucket, key);
        Ok(S3Response::new(answers::put(e_tag, checksum)))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        let stored = names::stored(&input.key)?.into_owned();
        let inner = self.0.clone();
        working(move || inner.files.delete(&input.bucket, &stored)).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let wanted = answers::wanted(&input)?;
        let (inner, bucket) = (self.0.clone(), input.bucket.clone());
        let page =
            working(move || super::listing::list(&inner.files, &inner.long_keys, &bucket, &wanted)).await?;
        Ok(S3Response::new(answers::page(input, page)))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let (bucket, key) = (input.bucket, input.key);
        names::stored(&key)?;
        self.0.files.bucket(&bucket)?;
        self.0.room.check(0)?;
        let attributes = Attributes {
            user_metadata: input.metadata,
            content_encoding: input.content_encoding,
            content_type: input.content_type,
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            expires: Attributes::time(input.expires.as_ref()),
            website_redirect_location: input.website_redirect_location,
        };
        let upload = Upload { bucket: bucket.clone(), key: key.clone(), attributes, ended: None };
        let inner = self.0.clone();
        let id = working(move || inner.uploads.begin(&upload).map_err(failed)).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(id.simple().to_string()),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let (headers, trailers, input) = (request.headers, request.trailing_headers, request.input);
        let number = parts::part_number(input.part_number)?;
        let inner = self.0.clone();
        let (id, _) =
            working(move || inner.uploads.find_open(&input.upload_id, &input.bucket, &input.key)).await?;
        let wanted = Checksum {
            checksum_crc32: input.checksum_crc32,
            checksum_crc32c: input.checksum_crc32c,
            checksum_crc64nvme: input.checksum_crc64nvme,
            checksum_sha1: input.checksum_sha1,
            checksum_sha256: input.checksum_sha256,
            ..Checksum::default()
        };
        let (md5, algorithm) = (input.content_md5, input.checksum_algorithm);
        let integrity = Integrity::expect(md5.as_deref(), wanted, algorithm.as_ref(), &headers, trailers)?;
        let inner = &self.0;
        let received =
            receive(inner.files.root(), &inner.room, input.body, input.content_length, integrity).await?;
        let (e_tag, checksum) = (received.digests.md5, received.digests.checksum);
        let (inner, draft, tag) = (self.0.clone(), received.draft, e_tag.clone());
        working(move || inner.uploads.add(id, number, &tag, draft)).await?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(strong(e_tag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let (inner, bucket, key) = (self.0.clone(), input.bucket.clone(), input.key.clone());
        let upload_id = input.upload_id.clone();
        let parts = working(move || {
            let (id, _) = inner.uploads.find_open(&upload_id, &bucket, &key)?;
            inner.uploads.parts(id)
        })
        .await?;
        answers::parts(input, parts, PARTS_OF_A_PAGE).map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let stored: Cow<'_, str> = names::stored(&key)?;
        let stored = stored.into_owned();
        let (inner, upload_id) = (self.0.clone(), input.upload_id.clone());
        let (at, name) = (bucket.clone(), key.clone());
        let (id, _) = working(move || inner.uploads.find(&upload_id, &at, &name)).await?;
        let turn = self.0.uploads.turn(id).await;
        // It comes to its end even if the client goes away meanwhile.
        let inner = self.0.clone();
        let outcome = working(move || {
            let _turn = turn;
            let store = completion::Store {
                files: &inner.files,
                uploads: &inner.uploads,
                long_keys: &inner.long_keys,
                room: &inner.room,
            };
            completion::complete(&store, input, &stored)
        })
        .await?;
        if outcome.is_new {
            self.notice(bucket.clone(), key.clone());
        }
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(strong(outcome.e_tag)),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let (inner, again) = (self.0.clone(), self.0.clone());
        let find = move |inner: &Inner| {
            inner.uploads.find_open(&input.upload_id, &input.bucket, &input.key).map(|(id, _)| id)
        };
        let (find, id) = working(move || find(&inner).map(|id| (find, id))).await?;
        let turn = again.uploads.turn(id).await;
        working(move || {
            let _turn = turn;
            // It may have been ended while the turn was waited for.
            let id = find(&again)?;
            again.uploads.abort(id).map_err(failed)
        })
        .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
