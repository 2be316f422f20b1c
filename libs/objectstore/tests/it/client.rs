//! A client of the endpoint: `rusty-s3` signs, `reqwest` calls.

use std::{
    fmt::Write as _,
    ops::Range,
    time::{Duration, SystemTime},
};

use reqwest::{Method, Response, Url, header};
use rusty_s3::{
    Bucket, Credentials, S3Action as _, UrlStyle,
    actions::{CreateMultipartUpload, ListObjectsV2, ObjectIdentifier},
};

use crate::{HOUR, http};

/// What may be done with a signed URL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access<'a> {
    Get,
    Put,
    Part { upload_id: &'a str, number: i64 },
}

/// A part as it is named at the end.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: i64,
    pub(crate) etag: String,
}

/// What was answered, if it was not a success.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
}

/// A store as its client sees it.
pub(crate) struct Client {
    bucket: Bucket,
    credentials: Credentials,
    http: reqwest::Client,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) size: u64,
    pub(crate) etag: String,
}

#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) keys: Vec<String>,
    pub(crate) modified: Vec<String>,
    pub(crate) next: Option<String>,
}

async fn accepted(answer: Response) -> Result<Response, Refused> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = code.map_or(String::new(), |(code, _)| code.to_owned());
    Err(Refused { status: status.as_u16(), code })
}

impl Client {
    pub(crate) fn new(address: std::net::SocketAddr, bucket: &str, secret: &str) -> Self {
        let endpoint = format!("http://{address}").parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), "us-east-1").unwrap();
        Self { bucket, credentials: Credentials::new("AK", secret), http: http() }
    }

    pub(crate) fn presign(
        &self,
        key: &str,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Url {
        let credentials = Some(&self.credentials);
        let extended = |query: &mut rusty_s3::Map<'_>| {
            for (name, value) in extra {
                query.insert((*name).to_owned(), (*value).to_owned());
            }
        };
        match access {
            Access::Get => {
                let mut action = self.bucket.get_object(credentials, key);
                extended(action.query_mut());
                action.sign(life)
            }
            Access::Put => {
                let mut action = self.bucket.put_object(credentials, key);
                extended(action.query_mut());
                action.sign(life)
            }
            Access::Part { upload_id, number } => {
                let mut action = self.bucket.put_object(credentials, key);
                action.query_mut().insert("partNumber", number.to_string());
                action.query_mut().insert("uploadId", upload_id.to_owned());
                action.sign(life)
            }
        }
    }

    pub(crate) fn plain_url(&self, key: &str) -> Url {
        self.bucket.object_url(key)
    }

    /// Calls an operation on an object that is named by query parameters and signed headers.
    pub(crate) async fn call(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Response, Refused> {
        macro_rules! signed {
            ($action:expr) => {{
                let mut action = $action;
                for (name, value) in query {
                    action.query_mut().insert((*name).to_owned(), (*value).to_owned());
                }
                for (name, value) in headers {
                    action.headers_mut().insert((*name).to_owned(), (*value).to_owned());
                }
                action.sign(HOUR)
            }};
        }
        let credentials = Some(&self.credentials);
        let url = match method {
            Method::GET => signed!(self.bucket.get_object(credentials, key)),
            Method::PUT => signed!(self.bucket.put_object(credentials, key)),
            Method::HEAD => signed!(self.bucket.head_object(credentials, key)),
            // The one that is asked for with this method: many objects are deleted.
            Method::POST => {
                signed!(self.bucket.delete_objects(credentials, std::iter::empty::<&ObjectIdentifier>()))
            }
            _ => signed!(self.bucket.delete_object(credentials, key)),
        };
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        accepted(request.send().await.unwrap()).await
    }

    /// The list of all buckets.
    pub(crate) async fn buckets(&self, query: &[(&str, &str)]) -> Result<String, Refused> {
        let mut url = self.bucket.base_url().clone();
        url.set_path("/");
        let mut query = query.to_vec();
        query.sort_unstable();
        let now = SystemTime::now().try_into().unwrap();
        let (key, secret, region) = (self.credentials.key(), self.credentials.secret(), self.bucket.region());
        let (method, life) = (rusty_s3::Method::Get, HOUR.as_secs());
        let (query, headers) = (query.into_iter(), std::iter::empty());
        let url = rusty_s3::signing::sign(&now, method, url, key, secret, None, region, life, query, headers);
        Ok(accepted(self.http.get(url).send().await.unwrap()).await?.text().await.unwrap())
    }

    /// Makes a bucket, with these signed headers.
    pub(crate) async fn make_bucket(&self, headers: &[(&str, &str)]) -> Result<Response, Refused> {
        let mut action = self.bucket.create_bucket(&self.credentials);
        for (name, value) in headers {
            action.headers_mut().insert((*name).to_owned(), (*value).to_owned());
        }
        let mut request = self.http.put(action.sign(HOUR));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        accepted(request.send().await.unwrap()).await
    }

    pub(crate) async fn create_multipart(&self, key: &str) -> Result<String, Refused> {
        let url = self.bucket.create_multipart_upload(Some(&self.credentials), key).sign(HOUR);
        let text = accepted(self.http.post(url).send().await.unwrap()).await?.text().await.unwrap();
        Ok(CreateMultipartUpload::parse_response(&text).unwrap().upload_id().to_owned())
    }

    pub(crate) async fn complete_multipart(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), Refused> {
        let mut document = String::from("<CompleteMultipartUpload>");
        for part in parts {
            let etag = part.etag.trim_matches('"');
            write!(document, "<Part><PartNumber>{}</PartNumber><ETag>\"{etag}\"</ETag></Part>", part.number)
                .unwrap();
        }
        document.push_str("</CompleteMultipartUpload>");
        let text = self.end_multipart(key, upload_id, document).await?.text().await.unwrap();
        assert!(text.contains("CompleteMultipartUploadResult"), "{text}");
        Ok(())
    }

    /// Ends an upload with a document of one's own.
    pub(crate) async fn end_multipart(
        &self,
        key: &str,
        upload_id: &str,
        document: String,
    ) -> Result<Response, Refused> {
        let (credentials, none) = (Some(&self.credentials), std::iter::empty());
        let url = self.bucket.complete_multipart_upload(credentials, key, upload_id, none).sign(HOUR);
        accepted(self.http.post(url).body(document).send().await.unwrap()).await
    }

    pub(crate) async fn abort_multipart(&self, key: &str, upload_id: &str) -> Result<(), Refused> {
        let url = self.bucket.abort_multipart_upload(Some(&self.credentials), key, upload_id).sign(HOUR);
        accepted(self.http.delete(url).send().await.unwrap()).await.map(drop)
    }

    pub(crate) async fn head(&self, key: &str) -> Result<Info, Refused> {
        let url = self.bucket.head_object(Some(&self.credentials), key).sign(HOUR);
        let answer = accepted(self.http.head(url).send().await.unwrap()).await?;
        let value = |name: header::HeaderName| answer.headers()[name].to_str().unwrap().to_owned();
        Ok(Info { size: value(header::CONTENT_LENGTH).parse().unwrap(), etag: value(header::ETAG) })
    }

    pub(crate) async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<Vec<u8>, Refused> {
        let mut request = self.http.get(self.presign(key, Access::Get, HOUR, &[]));
        if let Some(range) = range {
            request = request.header(header::RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        }
        let answer = accepted(request.send().await.unwrap()).await?;
        Ok(answer.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn write(&self, key: &str, bytes: impl Into<reqwest::Body>) -> Result<(), Refused> {
        let url = self.presign(key, Access::Put, HOUR, &[]);
        accepted(self.http.put(url).body(bytes).send().await.unwrap()).await.map(drop)
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), Refused> {
        let url = self.bucket.delete_object(Some(&self.credentials), key).sign(HOUR);
        accepted(self.http.delete(url).send().await.unwrap()).await.map(drop)
    }

    pub(crate) async fn list(&self, prefix: &str, next: Option<&str>) -> Result<Listing, Refused> {
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        if !prefix.is_empty() {
            action.with_prefix(prefix.to_owned());
        }
        if let Some(next) = next {
            action.with_continuation_token(next.to_owned());
        }
        let text = accepted(self.http.get(action.sign(HOUR)).send().await.unwrap()).await?;
        let found = ListObjectsV2::parse_response(&text.text().await.unwrap()).unwrap();
        let modified = found.contents.iter().map(|object| object.last_modified.clone().unwrap_or_default());
        Ok(Listing {
            modified: modified.collect(),
            keys: found.contents.into_iter().map(|object| object.key).collect(),
            next: found.next_continuation_token,
        })
    }

    pub(crate) async fn keys(&self) -> Vec<String> {
        self.list("", None).await.unwrap().keys
    }

    /// Whether the object was written; `false` when there is no answer.
    pub(crate) async fn try_write(&self, key: &str, bytes: Vec<u8>) -> bool {
        let url = self.presign(key, Access::Put, HOUR, &[]);
        is_done(self.http.put(url).body(bytes).send().await).is_some()
    }

    pub(crate) async fn try_delete(&self, key: &str) -> bool {
        let url = self.bucket.delete_object(Some(&self.credentials), key).sign(HOUR);
        is_done(self.http.delete(url).send().await).is_some()
    }

    /// Makes (`PUT`) or deletes (`DELETE`) the bucket; whether it was done, `None` when there is no answer.
    pub(crate) async fn try_bucket(&self, method: Method) -> Option<bool> {
        let credentials = &self.credentials;
        let url = match method {
            Method::PUT => self.bucket.create_bucket(credentials).sign(HOUR),
            _ => self.bucket.delete_bucket(credentials).sign(HOUR),
        };
        let status = self.http.request(method, url).send().await.ok()?.status();
        assert!(status.is_success() || [404, 409].contains(&status.as_u16()), "{status}");
        Some(status.is_success())
    }

    /// An upload of two parts, the first of which is sent twice.
    pub(crate) async fn try_multipart(&self, key: &str, bytes: Vec<u8>) -> bool {
        let credentials = Some(&self.credentials);
        let url = self.bucket.create_multipart_upload(credentials, key).sign(HOUR);
        let Some(begun) = is_done(self.http.post(url).send().await) else { return false };
        let Ok(text) = begun.text().await else { return false };
        let upload = CreateMultipartUpload::parse_response(&text).unwrap().upload_id().to_owned();
        let mut etag = String::new();
        for body in [b"other".to_vec(), bytes] {
            let url = self.presign(key, Access::Part { upload_id: &upload, number: 7 }, HOUR, &[]);
            let Some(part) = is_done(self.http.put(url).body(body).send().await) else { return false };
            etag = part.headers()["etag"].to_str().unwrap().to_owned();
        }
        let none = std::iter::empty();
        let url = self.bucket.complete_multipart_upload(credentials, key, &upload, none).sign(HOUR);
        let document = format!(
            "<CompleteMultipartUpload><Part><PartNumber>7</PartNumber><ETag>{etag}</ETag></Part>\
             </CompleteMultipartUpload>"
        );
        let Some(ended) = is_done(self.http.post(url).body(document).send().await) else { return false };
        ended.text().await.is_ok_and(|text| text.contains("CompleteMultipartUploadResult"))
    }
}

/// The answer, if there is one.
fn is_done(answer: Result<Response, reqwest::Error>) -> Option<Response> {
    let answer = answer.ok()?;
    assert!(answer.status().is_success(), "{}", answer.status());
    Some(answer)
}
