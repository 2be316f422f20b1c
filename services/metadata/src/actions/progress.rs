//! How far uploads are, as whoever fills the records of files in this process tells.

use std::error::Error;

use async_trait::async_trait;
use dataaccess::{UploadProgress, UploadStatus};

use crate::{granted::Told, service::Metadata, store::documents};

#[async_trait]
impl UploadProgress for Metadata {
    async fn note(&self, guid: &str, status: UploadStatus) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut connection = self.pool.acquire().await?;
        Ok(documents::set_upload_status(&mut connection, &Told::within_the_process(guid, status)).await?)
    }
}
