//! fence in another process, over its HTTP API.

use std::time::Duration;

use async_trait::async_trait;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, header::AUTHORIZATION};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use tracecontext::Traced as _;

use crate::{AccessError, Caller, DataAccess, NewUpload};

const TIMEOUT: Duration = Duration::from_secs(60);
/// GUIDs keep their slashes; everything with a meaning in a URL is escaped.
const GUID: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%').add(b'"').add(b'<').add(b'>');

/// A GUID as a part of a path.
pub(crate) fn guid_in_path(guid: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(guid, GUID)
}

/// fence at a base URL such as `http://fence-service`.
#[derive(Debug, Clone)]
pub struct HttpDataAccess {
    base: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Signed {
    url: String,
}

impl HttpDataAccess {
    /// Asks the fence at `base`.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    fn request(&self, method: Method, path: &str, guid: &str, caller: &Caller) -> RequestBuilder {
        let guid = guid_in_path(guid);
        let request = self.client.request(method, format!("{}{path}{guid}", self.base)).timeout(TIMEOUT);
        match &caller.0 {
            Some(header) => request.header(AUTHORIZATION, header),
            None => request,
        }
    }
}

/// The body of a success.
async fn accepted(request: RequestBuilder) -> Result<Vec<u8>, AccessError> {
    let unavailable = |error: reqwest::Error| AccessError::Unavailable(error.without_url().to_string());
    let answer = request.traced().send().await.map_err(unavailable)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(unavailable)?;
    match status {
        200..=299 => Ok(body.into()),
        400..=499 => Err(AccessError::Refused { status }),
        status => Err(AccessError::Unavailable(format!("status {status}"))),
    }
}

async fn parsed<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, AccessError> {
    let body = accepted(request).await?;
    // The parser's message could repeat a signed URL.
    serde_json::from_slice(&body).map_err(|_| AccessError::Unavailable("its answer is unexpected".into()))
}

#[async_trait]
impl DataAccess for HttpDataAccess {
    async fn begin_upload(
        &self,
        caller: &Caller,
        file_name: &str,
        authz: &[String],
    ) -> Result<NewUpload, AccessError> {
        let body = json!({ "file_name": file_name, "authz": authz });
        parsed(self.request(Method::POST, "/data/upload", "", caller).json(&body)).await
    }

    async fn upload_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError> {
        let signed: Signed = parsed(self.request(Method::GET, "/data/upload/", guid, caller)).await?;
        Ok(signed.url)
    }

    async fn download_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError> {
        let signed: Signed = parsed(self.request(Method::GET, "/data/download/", guid, caller)).await?;
        Ok(signed.url)
    }

    async fn delete(&self, caller: &Caller, guid: &str) -> Result<(), AccessError> {
        accepted(self.request(Method::DELETE, "/data/", guid, caller)).await.map(drop)
    }
}
