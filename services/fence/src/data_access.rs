//! Uploads, downloads and deletions for other services of the same process. They follow the rules of the
//! endpoints, for the caller whose header comes along.

use actix_web::ResponseError as _;
use async_trait::async_trait;
use dataaccess::{AccessError, DataAccess, NewUpload};

use crate::{
    actions::UploadRequest,
    error::Error,
    files::{
        self,
        access::{may_begin_uploads, may_delete, may_upload},
        download::{DownloadOptions, url_life},
        target::{FileName, UploadBucket},
    },
    identity::caller::Caller,
    recording::Asked,
    service::Fence,
};

/// An error leaves this service here as it leaves it over HTTP: with its status, and logged when it is ours.
fn refusal(error: &Error) -> AccessError {
    let status = error.status_code().as_u16();
    if status < 500 {
        return AccessError::Refused { status };
    }
    error.log();
    AccessError::Unavailable(error.public_message())
}

impl Fence {
    async fn new_upload(
        &self,
        caller: &Caller,
        file_name: &str,
        authz: &[String],
    ) -> Result<NewUpload, Error> {
        let bearer = caller.bearer(self, &["data"]).await?;
        if file_name.is_empty() {
            return Err(Error::BadRequest("file_name must not be empty".into()));
        }
        let file_name = FileName::parse(file_name)?;
        let life = url_life(None, self.config.max_presigned_url_ttl)?;
        let proof = may_begin_uploads(self, &bearer, authz.to_vec()).await?;
        let bucket = UploadBucket::choose(&self.config, None)?;
        let request = UploadRequest { file_name: &file_name, bucket, guid: None };
        let upload = self.begin_upload(caller, &proof, &request).await?;
        self.expect_upload(&upload.object, life).await?;
        Ok(NewUpload { url: self.upload_url(&upload.object, life).await?, guid: upload.guid })
    }

    async fn url_for_upload(&self, caller: &Caller, guid: &str) -> Result<String, Error> {
        let life = url_life(None, self.config.max_presigned_url_ttl)?;
        let record = files::find(&*self.index, guid).await?;
        let proof = may_upload(self, caller, &record).await?;
        let file_name = FileName::parse(&guid.replace('/', "_"))?;
        let bucket = UploadBucket::choose(&self.config, None)?;
        let object = proof.object(&bucket, &file_name).await?;
        self.expect_upload(&object, life).await?;
        self.upload_url(&object, life).await
    }

    async fn url_for_download(&self, caller: &Caller, guid: &str) -> Result<String, Error> {
        let options = DownloadOptions::read(&self.config, &web::Params::default(), None)?;
        let asked = Asked::at(&format!("/data/download/{guid}"));
        self.presign_download(caller, guid, &options, &asked).await
    }

    async fn delete_for(&self, caller: &Caller, guid: &str) -> Result<(), Error> {
        let bearer = caller.bearer(self, &["data"]).await?;
        let record = files::find(&*self.index, guid).await?;
        self.delete_file(may_delete(self, &bearer, &record).await?).await
    }
}

#[async_trait]
impl DataAccess for Fence {
    async fn begin_upload(
        &self,
        caller: &dataaccess::Caller,
        file_name: &str,
        authz: &[String],
    ) -> Result<NewUpload, AccessError> {
        self.new_upload(&caller.into(), file_name, authz).await.map_err(|error| refusal(&error))
    }

    async fn upload_url(&self, caller: &dataaccess::Caller, guid: &str) -> Result<String, AccessError> {
        self.url_for_upload(&caller.into(), guid).await.map_err(|error| refusal(&error))
    }

    async fn download_url(&self, caller: &dataaccess::Caller, guid: &str) -> Result<String, AccessError> {
        self.url_for_download(&caller.into(), guid).await.map_err(|error| refusal(&error))
    }

    async fn delete(&self, caller: &dataaccess::Caller, guid: &str) -> Result<(), AccessError> {
        self.delete_for(&caller.into(), guid).await.map_err(|error| refusal(&error))
    }
}
