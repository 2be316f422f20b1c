//! What Google's and Azure's stores are asked by the services, through the crate `object_store`.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::{
    ClientOptions, Error, GetOptions, ObjectStore, ObjectStoreExt as _,
    list::{PaginatedListOptions, PaginatedListStore},
    multipart::{MultipartStore, PartId},
    path::Path,
};

use crate::{ByteStream, Listed, Listing, ObjectInfo, StorageError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A store that sends nothing for this long is given up; a whole object may take as long as it takes.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const PAGE: usize = 1000;
/// Names of buckets come from records, too.
const MOST_KEPT: usize = 256;

/// How the clients of all buckets are made.
pub(crate) fn options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout_disabled()
        .with_read_timeout(READ_TIMEOUT)
        .with_pool_idle_timeout(Duration::from_secs(20))
}

/// Makes the client of a bucket.
type Make<S> = Box<dyn Fn(&str) -> Result<S, Error> + Send + Sync>;

/// The clients of the buckets of one kind, each made when it is needed.
pub(crate) struct Objects<S> {
    make: Make<S>,
    made: RwLock<HashMap<String, Arc<S>>>,
}

impl<S: ObjectStore + MultipartStore + PaginatedListStore> Objects<S> {
    pub(crate) fn new(make: impl Fn(&str) -> Result<S, Error> + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), made: RwLock::default() }
    }

    /// The client of a bucket.
    pub(crate) fn of(&self, bucket: &str) -> Result<Arc<S>, StorageError> {
        if let Some(made) = self.made.read().unwrap_or_else(PoisonError::into_inner).get(bucket) {
            return Ok(made.clone());
        }
        let new = (self.make)(bucket).map_err(|error| StorageError::Address {
            bucket: bucket.to_owned(),
            reason: error.to_string(),
        })?;
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= MOST_KEPT {
            made.clear();
        }
        Ok(made.entry(bucket.to_owned()).or_insert_with(|| Arc::new(new)).clone())
    }

    pub(crate) async fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, StorageError> {
        let found = self.of(bucket)?.head(&path(key)?).await.map_err(refusal)?;
        Ok(ObjectInfo { size: found.size, etag: found.e_tag })
    }

    pub(crate) async fn read(
        &self,
        bucket: &str,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        let options = GetOptions { range: range.map(Into::into), ..GetOptions::default() };
        let found = self.of(bucket)?.get_opts(&path(key)?, options).await.map_err(refusal)?;
        Ok(Box::pin(found.into_stream().map(|piece| piece.map_err(refusal))))
    }

    pub(crate) async fn write(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.of(bucket)?.put(&path(key)?, bytes.into()).await.map(drop).map_err(refusal)
    }

    pub(crate) async fn delete(&self, bucket: &str, key: &str) -> Result<(), StorageError> {
        match self.of(bucket)?.delete(&path(key)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => match status_in_batch(&error) {
                Some(404) => Ok(()),
                Some(status @ 400..=499) => Err(StorageError::Refused { status, code: "Refused".into() }),
                _ => Err(refusal(error)),
            },
        }
    }

    pub(crate) async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listing, StorageError> {
        let options = PaginatedListOptions {
            max_keys: Some(PAGE),
            page_token: next.map(str::to_owned),
            ..PaginatedListOptions::default()
        };
        let prefix = (!prefix.is_empty()).then_some(prefix);
        let page = self.of(bucket)?.list_paginated(prefix, options).await.map_err(refusal)?;
        let objects = page.result.objects.into_iter().map(|object| Listed {
            key: object.location.to_string(),
            size: object.size,
            modified: object.last_modified.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            etag: object.e_tag,
        });
        Ok(Listing { objects: objects.collect(), next: page.page_token.filter(|token| !token.is_empty()) })
    }

    pub(crate) async fn create_multipart(&self, bucket: &str, key: &str) -> Result<String, StorageError> {
        self.of(bucket)?.create_multipart(&path(key)?).await.map_err(refusal)
    }

    /// Ends an upload of which the store knows the parts by `names`, in their order.
    pub(crate) async fn complete_multipart(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<(), StorageError> {
        let parts = names.map(|content_id| PartId { content_id }).collect();
        let ended = self.of(bucket)?.complete_multipart(&path(key)?, &upload_id.to_owned(), parts).await;
        ended.map(drop).map_err(refusal)
    }

    pub(crate) async fn abort_multipart(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
    ) -> Result<(), StorageError> {
        self.of(bucket)?.abort_multipart(&path(key)?, &upload_id.to_owned()).await.map_err(refusal)
    }
}

/// The crate names no key with an empty segment, and would silently drop a slash at an end.
pub(crate) fn path(key: &str) -> Result<Path, StorageError> {
    Path::parse(key).ok().filter(|path| path.as_ref() == key).ok_or(StorageError::Key)
}

/// With which status Azure refuses a deletion. It is sent as a batch of one, and of batches the crate tells
/// the status in its text alone.
fn status_in_batch(error: &Error) -> Option<u16> {
    let Error::Generic { source, .. } = error else { return None };
    let text = source.to_string();
    let status = match text.strip_prefix("Error performing bulk delete request: ") {
        Some(whole) => whole.split_once("non-2xx status code: ")?.1.get(..3)?,
        None => text.strip_prefix("Bulk delete request failed")?.rsplit_once("(code: ")?.1.get(..3)?,
    };
    status.parse().ok()
}

pub(crate) fn refusal(error: Error) -> StorageError {
    let refused = |status, code: &str| StorageError::Refused { status, code: code.to_owned() };
    match error {
        Error::NotFound { .. } => StorageError::NotFound,
        Error::PermissionDenied { .. } => refused(403, "PermissionDenied"),
        Error::Unauthenticated { .. } => refused(401, "Unauthenticated"),
        Error::AlreadyExists { .. } => refused(409, "AlreadyExists"),
        Error::Precondition { .. } | Error::NotModified { .. } => refused(412, "PreconditionFailed"),
        Error::InvalidPath { .. } => StorageError::Key,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            StorageError::Unsupported("stores of this kind cannot do it")
        }
        other => {
            let mut reason = other.to_string();
            let mut cause = std::error::Error::source(&other);
            while let Some(error) = cause {
                reason = format!("{reason}: {error}");
                cause = error.source();
            }
            StorageError::Unavailable(reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_stay_as_they_are_become_paths() {
        for key in ["guid/a b+%41 ü?#", "a", "a/b.c/..d"] {
            assert_eq!(path(key).unwrap().as_ref(), key);
        }
        for key in ["/a", "a/", "a//b", "a\u{1}"] {
            assert!(matches!(path(key), Err(StorageError::Key)), "{key:?}");
        }
    }
}
