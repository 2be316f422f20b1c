//! The metadata service in another process, which is told how far uploads are.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use reqwest::StatusCode;
use serde_json::json;
use tracecontext::Traced as _;

use crate::{UploadProgress, UploadStatus, http::guid_in_path};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The metadata service at a base URL such as `http://metadata-service`, with a login that administers it.
#[derive(Clone)]
pub struct HttpUploadProgress {
    base: String,
    username: String,
    password: String,
    client: reqwest::Client,
}

// Written by hand so that the password can never reach a log.
impl std::fmt::Debug for HttpUploadProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpUploadProgress").field("base", &self.base).finish_non_exhaustive()
    }
}

impl HttpUploadProgress {
    /// Tells the metadata service at `base`.
    pub fn new(base: &str, username: &str, password: &str, client: reqwest::Client) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { base, username: username.to_owned(), password: password.to_owned(), client }
    }
}

#[async_trait]
impl UploadProgress for HttpUploadProgress {
    async fn note(&self, guid: &str, status: UploadStatus) -> Result<(), Box<dyn Error + Send + Sync>> {
        let url = format!("{}/metadata/{}?merge=True", self.base, guid_in_path(guid));
        let request = self.client.put(url).basic_auth(&self.username, Some(&self.password));
        let request = request.json(&json!({ "_upload_status": status.as_str() })).timeout(TIMEOUT);
        let answer = request.traced().send().await.map_err(reqwest::Error::without_url)?;
        match answer.status() {
            // Nothing is kept for this file.
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            status => Err(format!("the metadata service answers {}", status.as_u16()).into()),
        }
    }
}
