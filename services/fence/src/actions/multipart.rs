//! Objects that are put in parts.

use std::time::Duration;

use storage::{Access, Part, StorageError, UploadedPart};

use crate::{error::Error, files::access::MayWriteObject, service::Fence, store::unfinished};

/// The largest number of parts of one upload (Amazon S3's limit).
const MOST_PARTS: usize = 10_000;
/// A store that fails for a moment is asked again after these waits.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];
/// What a store says of a list of parts that cannot be right (Amazon S3). Other refusals are not the caller's
/// fault.
const WRONG_PARTS: [&str; 7] = [
    "InvalidPart",
    "InvalidPartOrder",
    "EntityTooSmall",
    "MalformedXML",
    "InvalidRequest",
    "InvalidArgument",
    "BadDigest",
];

impl Fence {
    /// Begins the upload of the object that `proof` is about, for the record `guid`, and returns the upload's
    /// id. It is noted, so that its parts are given up with the record.
    ///
    /// # Errors
    /// When the store does not do it, or it cannot be noted.
    pub(crate) async fn begin_multipart(&self, proof: &MayWriteObject, guid: &str) -> Result<String, Error> {
        let upload_id = self.storage.create_multipart(proof.location()).await?;
        if let Err(error) = self.note_multipart(proof, &upload_id, guid).await {
            // There is nothing in it yet, and nobody will know of it.
            if let Err(error) = self.storage.abort_multipart(proof.location(), &upload_id).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "an upload that could not be noted remains in the store");
            }
            return Err(error);
        }
        Ok(upload_id)
    }

    async fn note_multipart(&self, proof: &MayWriteObject, upload_id: &str, guid: &str) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(unfinished::note(&mut connection, &proof.location().url(), upload_id, guid).await?)
    }

    /// Forgets an upload that is ended. If that fails, it is found to be gone from the store later.
    async fn forget_multipart(&self, proof: &MayWriteObject, upload_id: &str) {
        let ended = [(proof.location().url(), upload_id.to_owned())];
        let forgotten = async {
            let mut connection = self.pool.acquire().await?;
            unfinished::forget(&mut connection, &ended).await
        };
        if let Err(error) = forgotten.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an upload that is ended is still taken for one that is not");
        }
    }

    /// The URL to which one part is put.
    ///
    /// # Errors
    /// 500 for a bucket that is not configured.
    pub(crate) async fn part_url(
        &self,
        proof: &MayWriteObject,
        upload_id: &str,
        number: i64,
        life: Duration,
    ) -> Result<String, Error> {
        let access = Access::Part { upload_id, number };
        Ok(self.storage.presign(proof.location(), access, life, &[]).await?.into())
    }

    /// Ends an upload. Only failures that may pass are tried again; the original holds a worker for a minute
    /// for all of them.
    ///
    /// # Errors
    /// 404 for an upload that the store does not know, 400 for parts that do not fit, 409 when something else
    /// is in the way; otherwise what the store says at last.
    pub(crate) async fn complete_multipart(
        &self,
        proof: &MayWriteObject,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), Error> {
        let mut waits = WAITS.into_iter();
        loop {
            match self.storage.complete_multipart(proof.location(), upload_id, parts).await {
                Err(error) if may_pass(&error) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(refusal(error)),
                },
                outcome => {
                    outcome.map_err(refusal)?;
                    self.forget_multipart(proof, upload_id).await;
                    return Ok(());
                }
            }
        }
    }
}

impl Fence {
    /// The parts that an upload has, in their order.
    ///
    /// # Errors
    /// 404 for an upload that the store does not know.
    pub(crate) async fn stored_parts(
        &self,
        proof: &MayWriteObject,
        upload_id: &str,
    ) -> Result<Vec<UploadedPart>, Error> {
        let (mut parts, mut after) = (Vec::new(), None);
        loop {
            let page = self.storage.parts(proof.location(), upload_id, after).await.map_err(refusal)?;
            parts.extend(page.parts);
            match page.next {
                Some(next) if parts.len() < MOST_PARTS => after = Some(next),
                _ => return Ok(parts),
            }
        }
    }

    /// Gives an upload up, and its parts.
    ///
    /// # Errors
    /// 404 for an upload that the store does not know.
    pub(crate) async fn abort_multipart(&self, proof: &MayWriteObject, upload_id: &str) -> Result<(), Error> {
        self.storage.abort_multipart(proof.location(), upload_id).await.map_err(refusal)?;
        self.forget_multipart(proof, upload_id).await;
        Ok(())
    }
}

/// A full disk does not pass within seconds.
fn may_pass(error: &StorageError) -> bool {
    error.is_temporary() && !matches!(error, StorageError::Refused { status: 507, .. })
}

/// How the store's refusal to end an upload is told.
fn refusal(error: StorageError) -> Error {
    match &error {
        StorageError::NotFound => Error::NotFound(
            "there is no such upload of this key: it was not begun, or is completed or given up".into(),
        ),
        StorageError::Refused { status: 400, code } if WRONG_PARTS.contains(&code.as_str()) => {
            Error::BadRequest(format!("the upload cannot be completed with these parts: {code}"))
        }
        StorageError::Refused { status: 409 | 412, code } => {
            Error::Conflict(format!("the upload cannot be completed now: {code}"))
        }
        _ => Error::Storage(error),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    #[test]
    fn what_is_wrong_with_an_upload_is_told_with_its_own_status() {
        let status = |error| refusal(error).status_code().as_u16();
        let refused = |status, code: &str| StorageError::Refused { status, code: code.into() };
        assert_eq!(status(StorageError::NotFound), 404);
        for code in WRONG_PARTS {
            assert_eq!(status(refused(400, code)), 400, "{code}");
        }
        assert_eq!(status(refused(409, "OperationAborted")), 409);
        assert_eq!(status(refused(507, "InsufficientStorage")), 507);
        for ours in [refused(403, "AccessDenied"), refused(400, "AuthorizationHeaderMalformed")] {
            assert_eq!(status(ours), 500);
        }
        assert_eq!(status(StorageError::Unavailable(String::new())), 503);
    }

    #[test]
    fn a_full_disk_is_not_asked_again() {
        assert!(may_pass(&StorageError::Unavailable(String::new())));
        assert!(!may_pass(&StorageError::Refused { status: 507, code: String::new() }));
        assert!(!may_pass(&StorageError::NotFound));
    }
}
