//! Deleting files: the bytes, then the record.

use futures_util::future::join_all;
use indexclient::{Caller as IndexCaller, Record};
use storage::{Bucket, Kind, Location, StorageError};

use crate::{
    error::Error,
    files::{access::MayDelete, target::upload_locations},
    service::Fence,
};

impl Fence {
    /// Deletes the record that `proof` is about, with its bytes.
    ///
    /// # Errors
    /// 404 when bytes are missing in a bucket of S3; everything stays then.
    pub async fn delete_file(&self, proof: MayDelete<'_>) -> Result<(), Error> {
        let record = proof.record();
        let (in_s3, elsewhere): (Vec<Location>, Vec<Location>) =
            locations(record)?.into_iter().partition(|location| location.kind() == Kind::S3);
        for location in &in_s3 {
            self.storage.head(location).await.map_err(|error| match error {
                StorageError::NotFound => Error::NotFound(format!("{} does not exist", location.s3_url())),
                other => other.into(),
            })?;
        }
        for location in &elsewhere {
            match self.storage.delete(location).await {
                Err(error) if !is_not_ours(&error) => return Err(error.into()),
                _ => {}
            }
        }
        for location in &in_s3 {
            self.storage.delete(location).await?;
        }
        self.index.delete(&IndexCaller::Service, &record.revision()).await?;
        self.give_up_of_record(&record.did).await;
        self.forget_unfinished(record).await;
        Ok(())
    }

    /// Deletes what was uploaded for a record that was never filled, if anything, in whichever of the buckets
    /// for uploads it is: nobody will find it any more.
    async fn forget_unfinished(&self, record: &Record) {
        let (None, true, Some(name)) = (record.size, record.urls.is_empty(), &record.file_name) else {
            return;
        };
        let locations = upload_locations(&self.config, &record.did, name);
        let forgotten = locations.iter().map(|location| self.forget_bytes(location));
        for (location, forgotten) in locations.iter().zip(join_all(forgotten).await) {
            if let Err(error) = forgotten {
                tracing::info!(
                    bucket = location.bucket(),
                    file.guid = record.did,
                    error = &error as &dyn std::error::Error,
                    "an unfinished upload may remain in the store"
                );
            }
        }
    }

    /// Deletes the object at `location`, unless a record has it.
    async fn forget_bytes(&self, location: &Location) -> Result<(), Error> {
        let holders = self.index.holders(&[location.url()]).await?;
        if holders.iter().all(|holders| holders.records.is_empty()) {
            self.storage.delete(location).await?;
        }
        Ok(())
    }
}

/// Whether a store that is not S3 says that the object is somebody else's: records name objects at Google and
/// Azure that anybody may read, or a few, and that their owners alone delete. What cannot be named there was
/// not put there by us.
fn is_not_ours(error: &StorageError) -> bool {
    matches!(
        error,
        StorageError::UnknownBucket(_) | StorageError::Key | StorageError::Refused { status: 401 | 403, .. }
    )
}

/// The copies in stores. What is at no store is not ours to delete, and what cannot be named outside S3
/// neither.
fn locations(record: &Record) -> Result<Vec<Location>, Error> {
    let mut found = Vec::with_capacity(record.urls.len());
    // What is in an archive stays there, for whoever keeps it.
    for url in record.urls.iter().filter(|url| !record.is_archived(url)) {
        let Some((bucket, key)) = Bucket::split(url) else { continue };
        let kind = bucket.kind();
        match Location::within(bucket, key) {
            Ok(location) => found.push(location),
            Err(error) if kind != Kind::S3 && is_not_ours(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
