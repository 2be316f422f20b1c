//! The stores of all kinds as one.

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

use crate::{
    Access, AzureStore, Bucket, ByteStream, GoogleStore, Kind, Listing, Location, ObjectInfo, ObjectStore,
    Part, Parts, S3Store, Standing, StorageError, google_url,
};

/// What a commons reaches: S3, and Google and Azure where they are configured.
#[derive(Debug)]
pub struct Stores {
    s3: S3Store,
    google: Option<GoogleStore>,
    azure: Option<AzureStore>,
}

impl Stores {
    /// All of them.
    pub fn new(s3: S3Store, google: Option<GoogleStore>, azure: Option<AzureStore>) -> Self {
        Self { s3, google, azure }
    }

    fn of(&self, bucket: &Bucket) -> Result<&dyn ObjectStore, StorageError> {
        let found: Option<&dyn ObjectStore> = match bucket.kind() {
            Kind::S3 => Some(&self.s3),
            Kind::Google => self.google.as_ref().map(|store| store as &dyn ObjectStore),
            Kind::Azure => self.azure.as_ref().map(|store| store as &dyn ObjectStore),
            Kind::Folder => None,
        };
        found.ok_or_else(|| StorageError::UnknownBucket(bucket.to_string()))
    }
}

#[async_trait]
impl ObjectStore for Stores {
    async fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        self.of(location.place())?.presign(location, access, life, extra).await
    }

    fn plain_url(&self, location: &Location) -> Result<Url, StorageError> {
        match location.kind() {
            Kind::Google => google_url(location),
            Kind::Azure => AzureStore::public().plain_url(location),
            Kind::S3 | Kind::Folder => self.of(location.place())?.plain_url(location),
        }
    }

    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        self.of(location.place())?.create_multipart(location).await
    }

    async fn parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: Option<i64>,
    ) -> Result<Parts, StorageError> {
        self.of(location.place())?.parts(location, upload_id, after).await
    }

    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        self.of(location.place())?.complete_multipart(location, upload_id, parts).await
    }

    async fn abort_multipart(&self, location: &Location, upload_id: &str) -> Result<(), StorageError> {
        self.of(location.place())?.abort_multipart(location, upload_id).await
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        self.of(location.place())?.head(location).await
    }

    async fn standing(&self, location: &Location) -> Result<Standing, StorageError> {
        self.of(location.place())?.standing(location).await
    }

    async fn restore(&self, location: &Location, days: u16, speed: &str) -> Result<(), StorageError> {
        self.of(location.place())?.restore(location, days, speed).await
    }

    async fn reclass(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        self.of(location.place())?.reclass(location, class).await
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.of(location.place())?.read(location, range).await
    }

    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError> {
        self.of(location.place())?.write(location, bytes).await
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        self.of(location.place())?.delete(location).await
    }

    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError> {
        self.of(bucket)?.list(bucket, prefix, next).await
    }
}
