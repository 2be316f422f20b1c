//! URLs to which a file is put as a whole.

use std::time::Duration;

use storage::Access;

use crate::{
    error::Error,
    files::{
        self,
        access::{MayBeginUploads, MayUpload, MayWriteObject, may_upload},
        target::{FileName, UploadBucket},
    },
    identity::caller::Caller,
    service::Fence,
};

/// What an upload asks for.
pub(crate) struct UploadRequest<'a> {
    pub(crate) file_name: &'a FileName,
    pub(crate) bucket: UploadBucket,
    /// The record that is filled; a new one when it is not given.
    pub(crate) guid: Option<&'a str>,
}

/// An upload that may begin: the record and the object.
pub(crate) struct Upload {
    pub(crate) guid: String,
    pub(crate) object: MayWriteObject,
}

impl Fence {
    /// Finds the record of an upload if the caller may write it, or makes a blank one.
    ///
    /// # Errors
    /// 404 for a GUID that does not exist, 401 for one that is not the caller's.
    pub(crate) async fn begin_upload(
        &self,
        caller: &Caller,
        proof: &MayBeginUploads<'_>,
        request: &UploadRequest<'_>,
    ) -> Result<Upload, Error> {
        let begun = async |upload: MayUpload<'_>| {
            let object = upload.object(&request.bucket, request.file_name).await?;
            Ok(Upload { guid: upload.guid().to_owned(), object })
        };
        match request.guid.filter(|guid| !guid.is_empty()) {
            Some(guid) => {
                let record = files::find(&*self.index, guid).await?;
                begun(may_upload(self, caller, &record).await?).await
            }
            None => begun(self.blank_record(proof, request.file_name.as_str()).await?).await,
        }
    }

    /// The URL to which the object is put that `proof` is about.
    ///
    /// # Errors
    /// 500 for a bucket that is not configured.
    pub async fn upload_url(&self, proof: &MayWriteObject, life: Duration) -> Result<String, Error> {
        Ok(self.storage.presign(proof.location(), Access::Put, life, &[]).await?.into())
    }
}
