//! Amazon S3 and stores that speak its protocol: `rusty-s3` signs, `reqwest` calls.

use std::{fmt::Write as _, ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use reqwest::{Response, StatusCode, header};
use rusty_s3::{
    S3Action,
    actions::{CompleteMultipartUploadResponse, CreateMultipartUpload, ListObjectsV2},
};
use url::Url;

use crate::{
    Access, Buckets, ByteStream, Location, ObjectInfo, ObjectStore, Page, Part, StorageError, config::Bucket,
};

/// Life of the URLs that the service itself uses, which it does at once.
const OWN_URL_LIFE: Duration = Duration::from_secs(60);
/// A call without a body of its own is answered within this time. Completing an upload can take minutes.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const COMPLETE_TIMEOUT: Duration = Duration::from_secs(600);
/// An answer that is not an object is never longer than this.
const LONGEST_DOCUMENT: usize = 4 * 1024 * 1024;

/// The S3 buckets of a commons.
#[derive(Clone)]
pub struct S3Store {
    buckets: Arc<Buckets>,
    client: reqwest::Client,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Store").field("buckets", &self.buckets).finish_non_exhaustive()
    }
}

impl S3Store {
    /// A store over `buckets`. `client` must not have a total timeout of its own, because objects are big.
    pub fn new(buckets: Buckets, client: reqwest::Client) -> Self {
        Self { buckets: Arc::new(buckets), client }
    }

    fn bucket(&self, location: &Location) -> Result<Bucket<'_>, StorageError> {
        self.buckets.bucket(location.bucket())
    }

    fn public_bucket(&self, location: &Location) -> Result<Bucket<'_>, StorageError> {
        self.buckets.public_bucket(location.bucket())
    }

    async fn get(&self, url: Url) -> Result<Response, StorageError> {
        accepted(self.client.get(url).timeout(CALL_TIMEOUT).send().await).await
    }

    async fn post(&self, url: Url, body: String, timeout: Duration) -> Result<String, StorageError> {
        let request = self.client.post(url).timeout(timeout).body(body);
        text(accepted(request.send().await).await?).await
    }
}

fn unavailable(error: reqwest::Error) -> StorageError {
    StorageError::Unavailable(error.without_url().to_string())
}

/// The answer if it is a success; otherwise the reason that the store gives.
async fn accepted(answer: Result<Response, reqwest::Error>) -> Result<Response, StorageError> {
    let answer = answer.map_err(unavailable)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let document = text(answer).await.unwrap_or_default();
    let code = between(&document, "<Code>", "</Code>").unwrap_or("without an error code");
    Err(match (status, code) {
        (StatusCode::NOT_FOUND, _) | (_, "NoSuchKey" | "NoSuchUpload" | "NoSuchBucket") => {
            StorageError::NotFound
        }
        _ => StorageError::Refused { status: status.as_u16(), code: code.to_owned() },
    })
}

/// The whole answer as text, up to a limit.
async fn text(answer: Response) -> Result<String, StorageError> {
    let mut stream = answer.bytes_stream();
    let mut document = Vec::new();
    while let Some(piece) = stream.next().await {
        document.extend_from_slice(&piece.map_err(unavailable)?);
        if document.len() > LONGEST_DOCUMENT {
            return Err(StorageError::Unavailable("its answer is too long".into()));
        }
    }
    Ok(String::from_utf8_lossy(&document).into_owned())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// The request document of CompleteMultipartUpload. The signer's own form numbers parts by position; clients
/// may leave numbers out.
fn complete_document(parts: &[Part]) -> String {
    let mut document = String::from("<CompleteMultipartUpload>");
    for part in parts {
        let etag = part.etag.trim_matches('"').replace('&', "&amp;").replace('<', "&lt;");
        write!(document, "<Part><PartNumber>{}</PartNumber><ETag>\"{etag}\"</ETag></Part>", part.number)
            .expect("writing into a String cannot fail");
    }
    document.push_str("</CompleteMultipartUpload>");
    document
}

fn signed<'a>(mut action: impl S3Action<'a>, life: Duration, extra: &'a [(&'a str, &'a str)]) -> Url {
    for (name, value) in extra {
        action.query_mut().insert(*name, *value);
    }
    action.sign(life)
}

#[async_trait]
impl ObjectStore for S3Store {
    fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        let Bucket { address, credentials, requester_pays } = self.public_bucket(location)?;
        let Some(credentials) = credentials else { return Ok(address.object_url(location.key())) };
        let (key, credentials) = (location.key(), Some(credentials));
        Ok(match access {
            Access::Get => {
                let mut action = address.get_object(credentials, key);
                if requester_pays {
                    // As fence's own signer does it: named in the query and among the signed headers.
                    action.query_mut().insert("x-amz-request-payer", "requester");
                    action.headers_mut().insert("x-amz-request-payer", "requester");
                }
                signed(action, life, extra)
            }
            Access::Put => signed(address.put_object(credentials, key), life, extra),
            Access::Part { upload_id, number } => {
                let mut action = address.put_object(credentials, key);
                action.query_mut().insert("partNumber", number.to_string());
                action.query_mut().insert("uploadId", upload_id);
                signed(action, life, extra)
            }
        })
    }

    fn plain_url(&self, location: &Location) -> Result<Url, StorageError> {
        Ok(self.public_bucket(location)?.address.object_url(location.key()))
    }

    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        let bucket = self.bucket(location)?;
        let url =
            bucket.address.create_multipart_upload(bucket.credentials, location.key()).sign(OWN_URL_LIFE);
        let document = self.post(url, String::new(), CALL_TIMEOUT).await?;
        let answer = CreateMultipartUpload::parse_response(&document)
            .map_err(|error| StorageError::Unavailable(format!("its answer is unexpected: {error}")))?;
        Ok(answer.upload_id().to_owned())
    }

    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        let bucket = self.bucket(location)?;
        let url = bucket
            .address
            .complete_multipart_upload(bucket.credentials, location.key(), upload_id, std::iter::empty())
            .sign(OWN_URL_LIFE);
        let document = self.post(url, complete_document(parts), COMPLETE_TIMEOUT).await?;
        // S3 may answer 200 before it knows, and then write an error document.
        match CompleteMultipartUploadResponse::parse(&document) {
            Ok(_) => Ok(()),
            Err(_) => {
                let code = between(&document, "<Code>", "</Code>").unwrap_or("without an error code");
                Err(StorageError::Refused { status: 500, code: code.to_owned() })
            }
        }
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        let bucket = self.bucket(location)?;
        let url = bucket.address.head_object(bucket.credentials, location.key()).sign(OWN_URL_LIFE);
        let answer = accepted(self.client.head(url).timeout(CALL_TIMEOUT).send().await).await?;
        let value = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let size = value(header::CONTENT_LENGTH)
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| StorageError::Unavailable("its answer has no length".into()))?;
        Ok(ObjectInfo { size, etag: value(header::ETAG).map(str::to_owned) })
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        let bucket = self.bucket(location)?;
        let url = bucket.address.get_object(bucket.credentials, location.key()).sign(OWN_URL_LIFE);
        let mut request = self.client.get(url);
        if let Some(range) = range {
            let last = range.end.saturating_sub(1);
            request = request.header(header::RANGE, format!("bytes={}-{last}", range.start));
        }
        let answer = accepted(request.send().await).await?;
        Ok(Box::pin(answer.bytes_stream().map(|piece| piece.map_err(unavailable))))
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        let bucket = self.bucket(location)?;
        let url = bucket.address.delete_object(bucket.credentials, location.key()).sign(OWN_URL_LIFE);
        accepted(self.client.delete(url).timeout(CALL_TIMEOUT).send().await).await.map(drop)
    }

    async fn list(&self, bucket: &str, next: Option<&str>) -> Result<Page, StorageError> {
        let Bucket { address, credentials, .. } = self.buckets.bucket(bucket)?;
        let mut action = address.list_objects_v2(credentials);
        if let Some(next) = next {
            action.with_continuation_token(next);
        }
        let document = text(self.get(action.sign(OWN_URL_LIFE)).await?).await?;
        let answer = ListObjectsV2::parse_response(&document)
            .map_err(|error| StorageError::Unavailable(format!("its answer is unexpected: {error}")))?;
        let keys = answer.contents.into_iter().map(|object| object.key).collect();
        Ok(Page { keys, next: answer.next_continuation_token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_numbers_in_the_request_document() {
        let part = |number, etag: &str| Part { number, etag: etag.to_owned() };
        assert_eq!(
            complete_document(&[part(2, "\"ab\""), part(7, "c<d")]),
            "<CompleteMultipartUpload><Part><PartNumber>2</PartNumber><ETag>\"ab\"</ETag></Part>\
             <Part><PartNumber>7</PartNumber><ETag>\"c&lt;d\"</ETag></Part></CompleteMultipartUpload>"
        );
    }
}
