//! Deleting files: the bytes, then the record.

use indexclient::{Caller as IndexCaller, Record};
use storage::{Location, StorageError};

use crate::{error::Error, files::access::MayDelete, service::Fence};

impl Fence {
    /// Deletes the record that `proof` is about, with its bytes.
    ///
    /// # Errors
    /// 404 when bytes are missing; the record stays then.
    pub async fn delete_file(&self, proof: MayDelete<'_>) -> Result<(), Error> {
        let record = proof.record();
        for location in locations(record)? {
            self.storage.head(&location).await.map_err(|error| match error {
                StorageError::NotFound => Error::NotFound(format!("{} does not exist", location.s3_url())),
                other => other.into(),
            })?;
            self.storage.delete(&location).await?;
        }
        self.index.delete(&IndexCaller::Service, &record.revision()).await?;
        self.forget_unfinished(record).await;
        Ok(())
    }

    /// Deletes what was uploaded for a record that was never filled, if anything: nobody will find it any
    /// more.
    async fn forget_unfinished(&self, record: &Record) {
        let (None, true, Some(name)) = (record.size, record.urls.is_empty(), &record.file_name) else {
            return;
        };
        let key = format!("{}/{name}", record.did);
        let Ok(location) = Location::new(&self.config.data_upload_bucket, key) else { return };
        if let Err(error) = self.storage.delete(&location).await {
            tracing::info!(
                file.guid = record.did,
                error = &error as &dyn std::error::Error,
                "an unfinished upload may remain in the store"
            );
        }
    }
}

/// The copies in our stores. Locations elsewhere are not ours to delete.
fn locations(record: &Record) -> Result<Vec<Location>, Error> {
    let found = record.urls.iter().filter_map(|url| Location::from_s3_url(url));
    Ok(found.collect::<Result<Vec<_>, _>>()?)
}
