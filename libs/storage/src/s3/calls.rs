//! What the services ask of S3 themselves.

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    primitives::{ByteStream as Body, DateTimeFormat},
    types::{CompletedMultipartUpload, CompletedPart, Object, RequestPayer},
};
use bytes::Bytes;
use futures_util::stream;
use url::Url;

use super::{S3Store, refusal::refusal};
use crate::{
    Access, Bucket, ByteStream, Kind, Listed, Listing, Location, ObjectInfo, ObjectStore, Part, Parts,
    Standing, StorageError, UploadedPart,
};

/// Completing an upload can take minutes.
const COMPLETE_TIMEOUT: Duration = Duration::from_secs(600);

/// How one bucket is called.
pub(super) struct Called<'a> {
    pub(super) client: Client,
    pub(super) name: &'a str,
    pub(super) payer: Option<RequestPayer>,
}

impl S3Store {
    pub(super) async fn called<'a>(&self, bucket: &'a Bucket) -> Result<Called<'a>, StorageError> {
        if bucket.kind() != Kind::S3 {
            return Err(StorageError::UnknownBucket(bucket.to_string()));
        }
        let place = self.entry(bucket.name())?;
        let entry = &self.buckets.entries[place];
        let client = self.clients.client(place, entry, bucket.name()).await;
        let payer = entry.is_paid_by_the_reader().then_some(RequestPayer::Requester);
        Ok(Called { client, name: bucket.name(), payer })
    }
}

pub(super) fn unexpected(what: &str) -> StorageError {
    StorageError::Unavailable(format!("its answer is unexpected: {what}"))
}

/// A size or a number of the SDK, which has signs.
pub(super) fn unsigned(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        self.signed(location, access, life, extra).await
    }

    fn plain_url(&self, location: &Location) -> Result<Url, StorageError> {
        self.plain(location)
    }

    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.create_multipart_upload().bucket(name).key(location.key());
        let answer = call.set_request_payer(payer).send().await.map_err(|error| refusal(name, error))?;
        answer.upload_id.ok_or_else(|| unexpected("it has no upload id"))
    }

    async fn parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: Option<i64>,
    ) -> Result<Parts, StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.list_parts().bucket(name).key(location.key()).upload_id(upload_id);
        let call = call.set_part_number_marker(after.map(|number| number.to_string()));
        let answer = call.set_request_payer(payer).send().await.map_err(|error| refusal(name, error))?;
        let next = answer.next_part_number_marker().and_then(|marker| marker.parse().ok());
        let next = next.filter(|_| answer.is_truncated().unwrap_or(false));
        let part = |part: aws_sdk_s3::types::Part| {
            let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else {
                return Err(unexpected("a part without a number or a tag"));
            };
            Ok(UploadedPart { number: number.into(), etag, size: unsigned(part.size) })
        };
        let parts = answer.parts.unwrap_or_default().into_iter().map(part).collect::<Result<_, _>>()?;
        Ok(Parts { parts, next })
    }

    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let invalid = || StorageError::Refused { status: 400, code: "InvalidPart".to_owned() };
        let part = |Part { number, etag }: &Part| {
            let number = i32::try_from(*number).map_err(|_| invalid())?;
            Ok(CompletedPart::builder().part_number(number).e_tag(etag).build())
        };
        let parts = parts.iter().map(part).collect::<Result<_, StorageError>>()?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(COMPLETE_TIMEOUT).build();
        let call = client.complete_multipart_upload().bucket(name).key(location.key()).upload_id(upload_id);
        let call = call.multipart_upload(parts).set_request_payer(payer).customize();
        let ended = call.config_override(Builder::default().timeout_config(timeouts)).send().await;
        ended.map(drop).map_err(|error| refusal(name, error))
    }

    async fn abort_multipart(&self, location: &Location, upload_id: &str) -> Result<(), StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.abort_multipart_upload().bucket(name).key(location.key()).upload_id(upload_id);
        let ended = call.set_request_payer(payer).send().await;
        ended.map(drop).map_err(|error| refusal(name, error))
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.head_object().bucket(name).key(location.key()).set_request_payer(payer);
        let answer = call.send().await.map_err(|error| refusal(name, error))?;
        let length = answer.content_length.ok_or_else(|| unexpected("it has no length"))?;
        Ok(ObjectInfo { size: unsigned(Some(length)), etag: answer.e_tag })
    }

    async fn standing(&self, location: &Location) -> Result<Standing, StorageError> {
        self.standing_of(location).await
    }

    async fn restore(&self, location: &Location, days: u16, speed: &str) -> Result<(), StorageError> {
        self.ask_for(location, days, speed).await
    }

    async fn reclass(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        self.change_class(location, class).await
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let call = client.get_object().bucket(name).key(location.key()).set_range(range);
        let answer = call.set_request_payer(payer).send().await.map_err(|error| refusal(name, error))?;
        let pieces = stream::try_unfold(answer.body, async |mut body| match body.try_next().await {
            Ok(Some(piece)) => Ok(Some((piece, body))),
            Ok(None) => Ok(None),
            Err(error) => Err(StorageError::Unavailable(error.to_string())),
        });
        Ok(Box::pin(pieces))
    }

    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.put_object().bucket(name).key(location.key()).body(Body::from(bytes));
        let written = call.set_request_payer(payer).send().await;
        written.map(drop).map_err(|error| refusal(name, error))
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.delete_object().bucket(name).key(location.key());
        let deleted = call.set_request_payer(payer).send().await;
        deleted.map(drop).map_err(|error| refusal(name, error))
    }

    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError> {
        let Called { client, name, payer } = self.called(bucket).await?;
        let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        let call = client.list_objects_v2().bucket(name).set_prefix(prefix);
        let call = call.set_continuation_token(next.map(str::to_owned)).set_request_payer(payer);
        let answer = call.send().await.map_err(|error| refusal(name, error))?;
        let objects = answer.contents.unwrap_or_default().into_iter().map(listed);
        Ok(Listing { objects: objects.collect::<Result<_, _>>()?, next: answer.next_continuation_token })
    }
}

fn listed(object: Object) -> Result<Listed, StorageError> {
    let key = object.key.ok_or_else(|| unexpected("an object without a key"))?;
    let modified = object.last_modified.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
    Ok(Listed {
        key,
        size: unsigned(object.size),
        modified: modified.unwrap_or_default(),
        etag: object.e_tag,
    })
}
