//! Where blobs are.

use url::Url;

use crate::{Bucket, Kind, Location, StorageError, encoded};

/// The account: the first label of the host.
pub(super) fn account_of(host: &str) -> &str {
    host.split('.').next().unwrap_or_default()
}

/// Host and container.
pub(super) fn parts_of(bucket: &Bucket) -> Result<(&str, &str), StorageError> {
    let wrong = || StorageError::UnknownBucket(bucket.name().to_owned());
    if bucket.kind() != Kind::Azure {
        return Err(StorageError::UnknownBucket(bucket.to_string()));
    }
    let (host, container) = bucket.name().split_once('/').ok_or_else(wrong)?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    // `$root`, `$web`.
    let is_container = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '$');
    let fits = |text: &str, is: &dyn Fn(char) -> bool| {
        (1..=255).contains(&text.len()) && text.chars().all(is) && !text.starts_with('.')
    };
    if fits(host, &is_host) && fits(container, &is_container) { Ok((host, container)) } else { Err(wrong()) }
}

/// The address of a blob below its account's.
pub(super) fn address(endpoint: &str, location: &Location) -> Result<Url, StorageError> {
    let (_, container) = parts_of(location.place())?;
    let address = format!("{endpoint}/{container}/{}", encoded::path(location.key()));
    Url::parse(&address).map_err(|error| StorageError::Address {
        bucket: location.bucket().to_owned(),
        reason: error.to_string(),
    })
}
