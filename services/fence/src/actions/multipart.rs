//! Objects that are put in parts.

use std::time::Duration;

use storage::{Access, Part, StorageError};

use crate::{error::Error, files::access::MayWriteObject, service::Fence};

/// A store that fails for a moment is asked again after these waits.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];

impl Fence {
    /// Begins the upload of the object that `proof` is about and returns the upload's id.
    ///
    /// # Errors
    /// When the store does not do it.
    pub(crate) async fn begin_multipart(&self, proof: &MayWriteObject) -> Result<String, Error> {
        Ok(self.storage.create_multipart(proof.location()).await?)
    }

    /// The URL to which one part is put.
    ///
    /// # Errors
    /// 500 for a bucket that is not configured.
    pub(crate) fn part_url(
        &self,
        proof: &MayWriteObject,
        upload_id: &str,
        number: i64,
        life: Duration,
    ) -> Result<String, Error> {
        let access = Access::Part { upload_id, number };
        Ok(self.storage.presign(proof.location(), access, life, &[])?.into())
    }

    /// Ends an upload. Only failures that may pass are tried again; the original holds a worker for a minute
    /// for all of them.
    ///
    /// # Errors
    /// What the store says at last.
    pub(crate) async fn complete_multipart(
        &self,
        proof: &MayWriteObject,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        for wait in WAITS {
            match self.storage.complete_multipart(proof.location(), upload_id, parts).await {
                Err(error) if error.is_temporary() => tokio::time::sleep(wait).await,
                outcome => return outcome,
            }
        }
        self.storage.complete_multipart(proof.location(), upload_id, parts).await
    }
}
