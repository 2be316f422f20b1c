//! The bucket of exports: files for those who asked for them, until they are old.

use std::{fs::File, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use operations::Outputs;
use reqwest::{Body, Client, header::CONTENT_LENGTH};
use serde_json::{Value, json};
use storage::{Access, Location, ObjectStore};
use tokio_util::io::ReaderStream;
use web::Failure;

/// How long a URL can be used that is given to a user.
const LIFE: Duration = Duration::from_secs(3_600);
/// How long one may take to write a file.
const WRITING: Duration = Duration::from_secs(6 * 3_600);

/// A bucket, reached from this process and by its users.
pub(crate) struct Exports {
    pub(crate) bucket: String,
    /// As this process reaches it.
    pub(crate) inside: Arc<dyn ObjectStore>,
    /// As users reach it.
    pub(crate) outside: Arc<dyn ObjectStore>,
    pub(crate) client: Client,
}

impl Exports {
    /// Writes a file under this key, and returns what is kept as the result of its run.
    ///
    /// # Errors
    /// When the store does not take it.
    pub(crate) async fn write(&self, key: &str, file: File) -> anyhow::Result<Value> {
        let size = file.metadata()?.len();
        let location = Location::new(self.bucket.clone(), key.to_owned())?;
        let url = self.inside.presign(&location, Access::Put, WRITING, &[]).await?;
        let body = Body::wrap_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
        let sent = self.client.put(url).header(CONTENT_LENGTH, size).body(body).timeout(WRITING).send().await;
        let answer = sent.map_err(reqwest::Error::without_url).context("the object store does not answer")?;
        anyhow::ensure!(answer.status().is_success(), "the object store answers {}", answer.status());
        Ok(json!({ "bucket": self.bucket, "key": key, "size": size }))
    }
}

#[async_trait]
impl Outputs for Exports {
    async fn output(&self, result: &Value) -> Result<String, Failure> {
        let (Some(bucket), Some(key)) = (result["bucket"].as_str(), result["key"].as_str()) else {
            return Ok(result.to_string());
        };
        let signing = |error| Failure::internal("signing the URL of an export", error);
        let location = Location::new(bucket.to_owned(), key.to_owned())
            .map_err(|error| Failure::internal("reading the place of an export", error))?;
        let url = self.outside.presign(&location, Access::Get, LIFE, &[]).await.map_err(signing)?;
        Ok(url.into())
    }
}

/// Where there is no bucket.
pub(crate) struct NoExports;

#[async_trait]
impl Outputs for NoExports {
    async fn output(&self, result: &Value) -> Result<String, Failure> {
        Ok(result.to_string())
    }
}
