//! Google Cloud Storage.

mod identity;
mod sign;

use std::{collections::HashMap, ops::Range, time::Duration};

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
    UploadedPart,
    documents::{self, Document},
    objects::{Objects, options},
};

/// Of a URL that is used at once.
const LIFE: Duration = Duration::from_secs(300);

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

/// The parts that a document of Google names.
fn parts_in(text: &str) -> Result<Parts, StorageError> {
    let Document { texts, items } = Document::read(text, "Part")?;
    let number = |text: Option<&String>| text.and_then(|text| text.trim().parse::<i64>().ok());
    let part = |item: &HashMap<String, String>| {
        Some(UploadedPart {
            number: number(item.get("PartNumber"))?,
            etag: item.get("ETag")?.clone(),
            size: number(item.get("Size"))?.try_into().ok()?,
        })
    };
    let parts: Option<Vec<UploadedPart>> = items.iter().map(part).collect();
    let is_cut = texts.get("IsTruncated").is_some_and(|cut| cut.trim() == "true");
    // Whatever is named, the next page begins after what this one has: so there is an end.
    let next = parts.iter().flatten().map(|part| part.number).max().filter(|_| is_cut);
    Ok(Parts { parts: parts.ok_or_else(documents::unexpected)?, next })
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

    async fn parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: Option<i64>,
    ) -> Result<Parts, StorageError> {
        let after = after.unwrap_or(0).to_string();
        let query = [("part-number-marker", after.as_str()), ("uploadId", upload_id)];
        let url = self.presign(location, Access::Get, LIFE, &query).await?;
        parts_in(&documents::get(url).await?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_google_lists_them() {
        let text = "<?xml version='1.0' encoding='UTF-8'?>\n\
            <ListPartsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Bucket>b</Bucket><Key>k</Key>\
            <UploadId>u</UploadId><PartNumberMarker>0</PartNumberMarker>\
            <NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>\
            <Part><PartNumber>2</PartNumber><LastModified>2021-11-10T20:48:34.000Z</LastModified>\
            <ETag>\"7778aef83f66abc1fa1e8477f296d394\"</ETag><Size>10485760</Size></Part>\
            <Part><PartNumber>3</PartNumber><LastModified>2021-11-10T20:48:33.000Z</LastModified>\
            <ETag>\"aaaa18db4cc2f85cedef654fccc4a4x8\"</ETag><Size>10485760</Size></Part></ListPartsResult>";
        let Parts { parts, next } = parts_in(text).unwrap();
        assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(parts[0].etag, "\"7778aef83f66abc1fa1e8477f296d394\"");
        assert_eq!((parts[1].size, next), (10_485_760, Some(3)));
        assert_eq!(parts_in(&text.replace("true", "false")).unwrap().next, None);
        assert_eq!(parts_in("<ListPartsResult/>").unwrap(), Parts::default());
        for wrong in ["", "<html>", &text.replace("<Size>", "<Size>-")] {
            let read = parts_in(wrong);
            assert!(wrong.is_empty() || read.is_err(), "{read:?}");
        }
    }
}
