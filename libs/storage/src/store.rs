//! What services see of an object store.

use std::{ops::Range, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use url::Url;

use crate::{
    error::StorageError,
    location::{Bucket, Location},
};

/// The bytes of an object, piece by piece.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>;

/// What a store knows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes.
    pub size: u64,
    /// The entity tag, quotes included, if the store gave one.
    pub etag: Option<String>,
}

/// Whether the bytes of an object can be read now, and as what they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Bytes.
    pub size: u64,
    /// The entity tag, quotes included, if the store gave one.
    pub etag: Option<String>,
    /// The storage class, where the store tells one other than its usual one.
    pub class: Option<String>,
    /// Whether it can be read.
    pub readable: Readable,
}

/// Whether the bytes of an object can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// They can.
    Now,
    /// Not yet: the store is getting them.
    Soon,
    /// Only after [`ObjectStore::restore`].
    OnRequest,
}

/// One uploaded part, as its upload answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: i64,
    /// The `ETag` header of the part's upload, quotes included or not.
    pub etag: String,
}

/// A part that an upload has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// 1 to 10,000.
    pub number: i64,
    /// Its entity tag, quotes included, as completing the upload wants it.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// One page of the parts of an upload, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Parts in the order of their numbers.
    pub parts: Vec<UploadedPart>,
    /// After which number the next page begins; `None` on the last one.
    pub next: Option<i64>,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was written: RFC 3339.
    pub modified: String,
    /// The entity tag, quotes included, if the store gave one.
    pub etag: Option<String>,
}

/// One page of the objects below a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects in the order of the store.
    pub objects: Vec<Listed>,
    /// What to give for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What may be done with a signed URL.
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

/// A store of objects in buckets.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// A URL with which anybody may do `access` for `life`. `extra` are further query parameters, covered by
    /// the signature. A bucket that is configured as public gives its plain URL, without `extra`. Computed
    /// here, but for the credentials: temporary ones are fetched when they do not last for `life`, and a URL
    /// ends with those that sign it.
    async fn presign(
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

    /// The parts that an upload has, after the one numbered `after`.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such upload (any more).
    async fn parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: Option<i64>,
    ) -> Result<Parts, StorageError>;

    /// Ends a multipart upload: the object is there when this returns. Parts are sent in the order given.
    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError>;

    /// Gives an upload up, and its parts.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such upload (any more), where the store tells.
    async fn abort_multipart(&self, location: &Location, upload_id: &str) -> Result<(), StorageError>;

    /// Size and entity tag.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such object.
    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError>;

    /// Whether the object can be read now. Stores that keep nothing away say that it can.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such object.
    async fn standing(&self, location: &Location) -> Result<Standing, StorageError> {
        let ObjectInfo { size, etag } = self.head(location).await?;
        Ok(Standing { size, etag, class: None, readable: Readable::Now })
    }

    /// Asks the store to make an object of a class for archives readable for `days`; how soon is `speed`, in
    /// the store's own word. Asked for again, it is prolonged.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] where there are no such classes.
    async fn restore(&self, location: &Location, days: u16, speed: &str) -> Result<(), StorageError> {
        let _ = (location, days, speed);
        Err(StorageError::Unsupported("this store has no objects that must be asked for"))
    }

    /// Has the store keep the object as `class` from now on, without its bytes coming here.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] where there are no classes.
    async fn reclass(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        let _ = (location, class);
        Err(StorageError::Unsupported("objects of this store have no classes of their own"))
    }

    /// The bytes of `range`, or all of them.
    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError>;

    /// Writes an object as a whole, in the place of the one that is there.
    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError>;

    /// Deletes the object. Stores give the same answer whether it was there or not.
    async fn delete(&self, location: &Location) -> Result<(), StorageError>;

    /// The objects of `bucket` whose keys begin with `prefix`, from the page named `next` on.
    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError>;
}
