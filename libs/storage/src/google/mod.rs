//! Google Cloud Storage.

mod identity;
mod sign;

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Utc;
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use url::Url;

use identity::Identity;
pub use sign::{GoogleKeyError, google_url};
use sign::{KeySigner, Unsigned};

use crate::{
    Access, Bucket, ByteStream, Kind, Listing, Location, ObjectInfo, ObjectStore, Part, Parts, StorageError,
    objects::{Objects, options},
};

const ENDPOINT: &str = "https://storage.googleapis.com";

/// Whose requests to Google these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoogleCredentials<'a> {
    /// The key file of a service account, as Google gives it.
    KeyFile(&'a str),
    /// What a client of Google finds by itself: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, or the
    /// account of the machine or, by workload identity, of the pod. URLs are then signed by Google, for which
    /// the account needs the right `iam.serviceAccounts.signBlob` on itself.
    Found,
}

enum Signer {
    Key(KeySigner),
    Identity(Identity),
}

/// The buckets at Google that an account opens.
pub struct GoogleStore {
    signer: Signer,
    endpoint: String,
    objects: Objects<GoogleCloudStorage>,
}

// Written by hand so that the key can never reach a log.
impl std::fmt::Debug for GoogleStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleStore").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl GoogleStore {
    /// A store by an account's credentials. `endpoint` is an address that is not Google's; what is there is
    /// not told who asks. `http` asks for signatures, if there is no key.
    ///
    /// # Errors
    /// For a file that is no key of a service account.
    pub fn new(
        credentials: GoogleCredentials<'_>,
        endpoint: Option<&str>,
        http: &reqwest::Client,
    ) -> Result<Self, GoogleKeyError> {
        let signer = match credentials {
            GoogleCredentials::KeyFile(json) => Signer::Key(KeySigner::from_key_file(json)?),
            GoogleCredentials::Found => Signer::Identity(Identity::new(http.clone())),
        };
        let key = match credentials {
            GoogleCredentials::KeyFile(json) => Some(json.to_owned()),
            GoogleCredentials::Found => None,
        };
        let elsewhere = endpoint.map(|endpoint| endpoint.trim_end_matches('/').to_owned());
        let endpoint = elsewhere.clone().unwrap_or_else(|| ENDPOINT.to_owned());
        let objects = Objects::new(move |bucket| {
            let builder = match (&elsewhere, &key) {
                (Some(url), _) => GoogleCloudStorageBuilder::new()
                    .with_base_url(url)
                    .with_skip_signature(true)
                    .with_bearer_token("none")
                    .with_client_options(options().with_allow_http(true)),
                (None, Some(key)) => GoogleCloudStorageBuilder::new()
                    .with_service_account_key(key)
                    .with_client_options(options()),
                (None, None) => GoogleCloudStorageBuilder::from_env().with_client_options(options()),
            };
            builder.with_bucket_name(bucket).build()
        });
        Ok(Self { signer, endpoint, objects })
    }

    async fn signature(&self, bucket: &str, text: &str) -> Result<String, StorageError> {
        match &self.signer {
            Signer::Key(key) => key.signature(text),
            Signer::Identity(identity) => identity.signature(&*self.objects.of(bucket)?, text).await,
        }
    }

    async fn account(&self, bucket: &str) -> Result<String, StorageError> {
        match &self.signer {
            Signer::Key(key) => Ok(key.account().to_owned()),
            Signer::Identity(identity) => identity.account(&*self.objects.of(bucket)?).await,
        }
    }
}

fn bucket(location: &Location) -> Result<&str, StorageError> {
    name(location.place())
}

fn name(bucket: &Bucket) -> Result<&str, StorageError> {
    match bucket.kind() {
        Kind::Google => Ok(bucket.name()),
        _ => Err(StorageError::UnknownBucket(bucket.to_string())),
    }
}

#[async_trait]
impl ObjectStore for GoogleStore {
    async fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        let bucket = bucket(location)?;
        let part;
        let mut parameters = extra.to_vec();
        let method = match access {
            Access::Get => "GET",
            Access::Put => "PUT",
            Access::Part { upload_id, number } => {
                part = number.to_string();
                parameters.extend([("partNumber", part.as_str()), ("uploadId", upload_id)]);
                "PUT"
            }
        };
        let account = self.account(bucket).await?;
        let unsigned =
            Unsigned::new(&self.endpoint, method, location, (life, Utc::now()), &account, &parameters)?;
        unsigned.with(&self.signature(bucket, unsigned.text()).await?)
    }

    fn plain_url(&self, location: &Location) -> Result<Url, StorageError> {
        bucket(location)?;
        google_url(location)
    }

    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        self.objects.create_multipart(bucket(location)?, location.key()).await
    }

    async fn parts(&self, _: &Location, _: &str, _: Option<i64>) -> Result<Parts, StorageError> {
        Err(StorageError::Unsupported("the parts of an upload to Google are not listed"))
    }

    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        // The crate numbers parts by their position.
        if (1..).zip(parts).any(|(number, part)| part.number != number) {
            return Err(StorageError::Refused { status: 400, code: "InvalidPartOrder".to_owned() });
        }
        let etags = parts.iter().map(|part| part.etag.clone());
        self.objects.complete_multipart(bucket(location)?, location.key(), upload_id, etags).await
    }

    async fn abort_multipart(&self, location: &Location, upload_id: &str) -> Result<(), StorageError> {
        self.objects.abort_multipart(bucket(location)?, location.key(), upload_id).await
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        self.objects.head(bucket(location)?, location.key()).await
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.objects.read(bucket(location)?, location.key(), range).await
    }

    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError> {
        self.objects.write(bucket(location)?, location.key(), bytes).await
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        self.objects.delete(bucket(location)?, location.key()).await
    }

    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError> {
        self.objects.list(name(bucket)?, prefix, next).await
    }
}
