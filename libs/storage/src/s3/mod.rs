//! Amazon S3 and stores that speak its protocol, through Amazon's SDK.

mod address;
mod calls;
mod classes;
mod clients;
mod config;
mod refusal;
mod regions;
mod sign;

use std::{sync::Arc, time::Duration};

use url::Url;

pub use address::Style;
use clients::Clients;
pub use config::{AwsCredentials, BucketConfig, Buckets, ConfigError};
use sign::{Signable, signed};

use crate::{Access, Location, StorageError, location::Kind};

/// The S3 buckets of a commons.
#[derive(Clone)]
pub struct S3Store {
    buckets: Arc<Buckets>,
    clients: Arc<Clients>,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Store").field("buckets", &self.buckets).finish_non_exhaustive()
    }
}

impl S3Store {
    /// A store over `buckets`. Credentials are looked for when a bucket is used for the first time.
    pub fn new(buckets: Buckets) -> Self {
        Self { clients: Arc::new(Clients::of(&buckets)), buckets: Arc::new(buckets) }
    }

    /// Whether `bucket` is configured.
    pub fn contains(&self, bucket: &str) -> bool {
        self.buckets.contains(bucket)
    }

    /// The place of a bucket's entry.
    fn entry(&self, name: &str) -> Result<usize, StorageError> {
        self.buckets.find(name).ok_or_else(|| StorageError::UnknownBucket(name.to_owned()))
    }

    async fn signed(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        let name = name(location)?;
        let place = self.entry(name)?;
        let entry = &self.buckets.entries[place];
        let region = self.clients.region(place, entry, name).await;
        let address = entry.public_address(name, &region)?.object(location.key())?;
        if entry.is_public() {
            return Ok(address);
        }
        let credentials = self.clients.credentials(place, name, life).await?;
        let part;
        let mut query = Vec::with_capacity(extra.len() + 2);
        let mut headers: &[(&str, &str)] = &[];
        let method = match access {
            Access::Get => {
                if entry.is_paid_by_the_reader() {
                    // As fence's own signer does it: named in the query and among the signed headers.
                    headers = &[("x-amz-request-payer", "requester")];
                    query.extend_from_slice(headers);
                }
                "GET"
            }
            Access::Put => "PUT",
            Access::Part { upload_id, number } => {
                part = number.to_string();
                query.extend([("partNumber", part.as_str()), ("uploadId", upload_id)]);
                "PUT"
            }
        };
        query.extend_from_slice(extra);
        let request = Signable { method, address, query: &query, headers, region: &region };
        signed(request, credentials, life, std::time::SystemTime::now())
    }

    fn plain(&self, location: &Location) -> Result<Url, StorageError> {
        let name = name(location)?;
        let entry = &self.buckets.entries[self.entry(name)?];
        let region = entry.config.region.as_deref().unwrap_or(address::DEFAULT_REGION);
        entry.public_address(name, region)?.object(location.key())
    }
}

fn name(location: &Location) -> Result<&str, StorageError> {
    match location.kind() {
        Kind::S3 => Ok(location.bucket()),
        _ => Err(StorageError::UnknownBucket(location.place().to_string())),
    }
}
