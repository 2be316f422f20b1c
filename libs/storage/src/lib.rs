//! Object stores: signing URLs for clients, and the few calls that the services make themselves.
//!
//! [`ObjectStore`] is what services see; [`S3Store`] speaks to Amazon S3 and to anything compatible with it.
//! [`embedded`] is such a store over a folder, for a commons on one machine.
//!
//! Why signing is done by `rusty-s3` and not by the AWS SDK is told in `docs/decisions/`.

mod config;
pub mod embedded;
mod location;
mod s3;

pub use config::{AwsCredentials, BucketConfig, Buckets, ConfigError};
pub use location::Location;
pub use s3::S3Store;

use std::{ops::Range, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use url::Url;

/// The bytes of an object, piece by piece.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>;

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No configured bucket has this name, neither exactly nor by pattern.
    #[error("the bucket {0} is not configured")]
    UnknownBucket(String),
    /// The key cannot be written in a URL: it is empty, or a segment of it is `.` or `..`.
    #[error("an object key must not be empty and must not have segments . or ..")]
    Key,
    /// The bucket is configured in a way that gives no URL.
    #[error("the configuration of the bucket {bucket} gives no address: {reason}")]
    Address {
        /// Which bucket.
        bucket: String,
        /// What the URL parser said.
        reason: String,
    },
    /// There is no such object, upload or bucket in the store.
    #[error("the store has no such object")]
    NotFound,
    /// The store refused the request; the text is its error code.
    #[error("the store answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code of the S3 error document, such as `AccessDenied`.
        code: String,
    },
    /// No usable answer.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
}

impl StorageError {
    /// Whether the same call may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}

/// What a store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes.
    pub size: u64,
    /// The entity tag, quotes included, if the store gave one.
    pub etag: Option<String>,
}

/// One uploaded part, as its upload answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: i64,
    /// The `ETag` header of the part's upload, quotes included or not.
    pub etag: String,
}

/// One page of the keys of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys in the order of the store.
    pub keys: Vec<String>,
    /// What to give for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What is to be done with a signed URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// `GET` the object.
    Get,
    /// `PUT` the object.
    Put,
    /// `PUT` one part of a multipart upload.
    Part {
        /// The upload, from [`ObjectStore::create_multipart`].
        upload_id: &'a str,
        /// 1 to 10,000; others are signed too, and then refused by the store.
        number: i64,
    },
}

/// A store of objects in buckets. Signing is pure computation; the `async` methods call the store.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// A URL with which anybody may do `access` for `life`. `extra` are further query parameters, covered by
    /// the signature. A bucket that is configured as public gives its plain URL, without `extra`.
    fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError>;

    /// The object's URL without any signature.
    fn plain_url(&self, location: &Location) -> Result<Url, StorageError>;

    /// Begins a multipart upload and returns its id.
    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError>;

    /// Ends a multipart upload: the object is there when this returns. Parts are sent in the order given.
    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError>;

    /// Forgets a multipart upload and its parts.
    async fn abort_multipart(&self, location: &Location, upload_id: &str) -> Result<(), StorageError>;

    /// Size and entity tag.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such object.
    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError>;

    /// The bytes of `range`, or all of them.
    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError>;

    /// Deletes the object. Stores answer the same whether it was there or not.
    async fn delete(&self, location: &Location) -> Result<(), StorageError>;

    /// The keys of `bucket`, from the page named `next` on.
    async fn list(&self, bucket: &str, next: Option<&str>) -> Result<Page, StorageError>;
}
