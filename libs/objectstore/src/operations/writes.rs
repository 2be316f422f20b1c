//! Writing an object as a whole, and deleting objects.

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
        ETagCondition, Error, PutObjectInput, PutObjectOutput,
    },
    s3_error,
};

use super::tagging;
use crate::{
    answers::{signed, strong},
    checksums,
    conditions::Conditions,
    history::Deleted,
    integrity::Integrity,
    layout::check_key,
    objects::{Objects, working},
    receive::{Received, receive},
    record::{Record, attributes},
    version::{Meant, written},
};

/// Keys of one request, as in Amazon S3.
const MOST_DELETED: usize = 1000;

impl Objects {
    pub(crate) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (headers, trailers, mut input) = (request.headers, request.trailing_headers, request.input);
        check_key(&input.key)?;
        self.0.disk.check_bucket(&input.bucket)?;
        let attributes = attributes!(input).checked()?;
        let tags = tagging::of_header(input.tagging.as_deref())?;
        let (wanted, algorithm) = (checksums::of!(input), input.checksum_algorithm.as_ref());
        let md5 = input.content_md5.as_deref();
        let integrity = Integrity::expect(md5, wanted, algorithm, &headers, trailers)?;
        let (root, room) = (self.0.disk.layout().root(), &self.0.room);
        let received = receive(root, room, input.body.take(), input.content_length, integrity).await?;
        let conditions = Conditions {
            if_match: input.if_match.take(),
            if_none_match: input.if_none_match.take(),
            ..Conditions::default()
        };
        let record = Record { attributes, tags, ..of_received(&input.key, &received) };
        let mut output = PutObjectOutput {
            e_tag: Some(strong(record.e_tag.clone())),
            checksum_type: record.checksums.type_(),
            size: Some(signed(record.size)?),
            ..PutObjectOutput::default()
        };
        checksums::set!(output, record.checksums.clone());
        output.version_id = self.store(input.bucket, record, received, conditions).await?;
        Ok(S3Response::new(output))
    }

    /// Puts an object into its place and says so; returns how its version is shown.
    pub(super) async fn store(
        &self,
        bucket: String,
        record: Record,
        received: Received,
        conditions: Conditions,
    ) -> S3Result<Option<String>> {
        let (inner, name, key) = (self.0.clone(), bucket.clone(), record.key.clone());
        let put = move || inner.disk.put(&bucket, &record, Some(received.draft), &conditions);
        let version = working(put).await?;
        self.notice(&name, &key);
        Ok(written(version))
    }

    pub(crate) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        check_key(&input.key)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_size: input.if_match_size,
            if_modified_at: input.if_match_last_modified_time,
            ..Conditions::default()
        };
        let meant = Meant::read(input.version_id.as_deref())?;
        let inner = self.0.clone();
        let deleted =
            working(move || inner.disk.delete(&input.bucket, &input.key, meant, &conditions)).await?;
        Ok(S3Response::new(DeleteObjectOutput {
            // What is not there is deleted, too.
            version_id: deleted.version.or(input.version_id),
            delete_marker: deleted.is_marker.then_some(true),
            ..DeleteObjectOutput::default()
        }))
    }

    /// Deletes up to a thousand objects. Each is deleted or not for itself, and the answer says which.
    pub(crate) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = request.input;
        let (bucket, objects) = (input.bucket, input.delete.objects);
        self.0.disk.check_bucket(&bucket)?;
        if objects.is_empty() || objects.len() > MOST_DELETED {
            return Err(s3_error!(MalformedXML, "a request names 1 to {MOST_DELETED} objects"));
        }
        let inner = self.0.clone();
        let outcomes = working(move || {
            let delete = |object: s3s::dto::ObjectIdentifier| {
                let conditions = Conditions {
                    if_match: object.e_tag.map(ETagCondition::ETag),
                    if_size: object.size,
                    if_modified_at: object.last_modified_time,
                    ..Conditions::default()
                };
                let outcome = check_key(&object.key)
                    .and_then(|()| Meant::read(object.version_id.as_deref()))
                    .and_then(|meant| inner.disk.delete(&bucket, &object.key, meant, &conditions));
                (object.key, object.version_id, outcome)
            };
            Ok(objects.into_iter().map(delete).collect::<Vec<_>>())
        })
        .await?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for (key, version_id, outcome) in outcomes {
            match outcome {
                Ok(done) => deleted.push(deleted_object(key, version_id, done)),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(key),
                    message: error.message().map(str::to_owned),
                    version_id,
                }),
            }
        }
        let deleted = Some(deleted).filter(|_| input.delete.quiet != Some(true));
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted,
            errors: Some(errors).filter(|errors| !errors.is_empty()),
            ..DeleteObjectsOutput::default()
        }))
    }
}

fn deleted_object(key: String, version_id: Option<String>, done: Deleted) -> DeletedObject {
    DeletedObject {
        key: Some(key),
        delete_marker: done.version.is_some().then_some(done.is_marker),
        delete_marker_version_id: done.version.filter(|_| done.is_marker),
        version_id,
    }
}

/// The record of a body that came in.
pub(super) fn of_received(key: &str, received: &Received) -> Record {
    let record = Record::of_file(key, received.size, received.digests.md5.clone());
    Record { checksums: received.digests.checksums.clone(), ..record }
}
