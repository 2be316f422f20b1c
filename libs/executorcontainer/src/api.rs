//! The API of Docker's engine, which Podman has too: JSON over HTTP on a socket.

use std::{path::Path, time::Duration};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// The version whose objects are used here; both runtimes know it.
const BASE: &str = "http://localhost/v1.41";
/// Stopping a program may take its whole time of grace.
const TIMEOUT: Duration = Duration::from_secs(60);
/// An image of notebooks has gigabytes.
const LONGEST_PULL: Duration = Duration::from_secs(1_800);
/// An answer that is longer is none of ours.
const LARGEST: usize = 16 << 20;

/// Why the runtime did not do something.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It said no.
    #[error("it answers {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It said nothing of use.
    #[error("{0}")]
    Unavailable(String),
}

/// The API at a socket.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
}

fn unavailable(error: reqwest::Error) -> ApiError {
    let mut told = error.without_url().to_string();
    // A socket that is not there, or not ours, is only in the cause.
    if told.is_empty() {
        told.push_str("no answer");
    }
    ApiError::Unavailable(told)
}

impl Api {
    pub(crate) fn new(socket: &Path) -> Result<Self, ApiError> {
        let builder = Client::builder().unix_socket(socket.to_owned()).no_proxy();
        let client = builder.redirect(reqwest::redirect::Policy::none()).build().map_err(unavailable)?;
        Ok(Self { client })
    }

    /// Asks for `path`, which may have a query.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let mut request = self.client.request(method, format!("{BASE}{path}")).timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let (status, read) = answered(request).await?;
        let value: Value = serde_json::from_slice(&read).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(value);
        }
        let message = value["message"].as_str().unwrap_or_default().to_owned();
        Err(ApiError::Refused { status, message })
    }

    /// Unpacks `archive` in a container.
    pub(crate) async fn put(&self, path: &str, archive: Vec<u8>) -> Result<(), ApiError> {
        let request = self.client.put(format!("{BASE}{path}")).timeout(TIMEOUT);
        let request = request.header("Content-Type", "application/x-tar").body(archive);
        match answered(request).await? {
            (200..300, _) => Ok(()),
            (status, read) => {
                Err(ApiError::Refused { status, message: String::from_utf8_lossy(&read).into_owned() })
            }
        }
    }

    /// Fetches an image; the reason if the registry does not give it.
    pub(crate) async fn pull(&self, image: &str) -> Result<Option<String>, ApiError> {
        let request = self.client.post(format!("{BASE}/images/create")).query(&[("fromImage", image)]);
        let (status, read) = answered(request.timeout(LONGEST_PULL)).await?;
        // One object a line; the last ones tell of an error, with a status of success.
        let lines =
            read.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let mut error = None;
        for line in lines {
            let told = line["error"].as_str().or(line["message"].as_str());
            error = told.map(str::to_owned).or(error);
        }
        if !(200..300).contains(&status) {
            return Ok(Some(error.unwrap_or_else(|| format!("status {status}"))));
        }
        Ok(error)
    }
}

async fn answered(request: RequestBuilder) -> Result<(u16, Vec<u8>), ApiError> {
    let mut answer = request.send().await.map_err(unavailable)?;
    let status = answer.status().as_u16();
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
        read.extend_from_slice(&chunk);
        if read.len() > LARGEST {
            return Err(ApiError::Unavailable("its answer is too long".into()));
        }
    }
    Ok((status, read))
}
