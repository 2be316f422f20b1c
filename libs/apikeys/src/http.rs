//! fence in another process, over its HTTP API.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, Response, header::AUTHORIZATION};
use serde::Deserialize;
use tracecontext::Traced as _;

use crate::{ApiKey, ApiKeys, KeyError, KeyId, Owner};

const TIMEOUT: Duration = Duration::from_secs(30);

/// fence at a base URL such as `http://fence-service`.
#[derive(Debug, Clone)]
pub struct HttpApiKeys {
    base: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Made {
    api_key: String,
}

fn unavailable(error: reqwest::Error) -> KeyError {
    KeyError::Unavailable(error.without_url().to_string())
}

impl HttpApiKeys {
    /// Asks the fence at `base`.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    async fn ask(&self, method: Method, id: KeyId, owner: Option<&Owner>) -> Result<Response, KeyError> {
        let url = format!("{}/workspace-keys/{}", self.base, id.uuid());
        let mut request = self.client.request(method, url).timeout(TIMEOUT);
        if let Some(owner) = owner {
            request = request.header(AUTHORIZATION, &owner.0);
        }
        let answer = request.traced().send().await.map_err(unavailable)?;
        match answer.status().as_u16() {
            200..=299 => Ok(answer),
            status @ 400..=499 => Err(KeyError::Refused { status }),
            status => Err(KeyError::Unavailable(format!("status {status}"))),
        }
    }
}

#[async_trait]
impl ApiKeys for HttpApiKeys {
    async fn make(&self, owner: &Owner, id: KeyId) -> Result<ApiKey, KeyError> {
        let answer = self.ask(Method::POST, id, Some(owner)).await?;
        // The parser's message could repeat the key.
        let made: Made =
            answer.json().await.map_err(|_| KeyError::Unavailable("its answer is unexpected".into()))?;
        Ok(ApiKey(made.api_key))
    }

    async fn take_back(&self, id: KeyId) -> Result<(), KeyError> {
        self.ask(Method::DELETE, id, None).await.map(drop)
    }
}
