//! Where the access token comes from.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{error::DemoError, request};

/// Gives an access token (RFC 7519) of somebody who may create programs and projects. It is asked once, and
/// the token has to stay valid for some minutes.
pub trait TokenSource {
    /// The token for the commons at `base`.
    fn access_token(
        &self,
        base: &Url,
        client: &reqwest::Client,
    ) -> impl Future<Output = Result<String, DemoError>> + Send;
}

impl TokenSource for String {
    async fn access_token(&self, _: &Url, _: &reqwest::Client) -> Result<String, DemoError> {
        Ok(self.clone())
    }
}

/// An API key, as its owner downloaded it.
#[derive(Clone, Deserialize)]
pub struct ApiKey {
    api_key: String,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey")
    }
}

impl ApiKey {
    /// Reads an API key file: JSON with `api_key`.
    ///
    /// # Errors
    /// It cannot be read, or is not such a file.
    pub fn read(file: &Path) -> Result<Self, DemoError> {
        let failed = |reason: String| DemoError::ApiKeyFile(file.display().to_string(), reason);
        let text = fs::read(file).map_err(|error| failed(error.to_string()))?;
        // The parser's own message might show a part of the key.
        serde_json::from_slice(&text)
            .map_err(|_| failed("it is not a JSON object with a string api_key".to_owned()))
    }
}

impl TokenSource for ApiKey {
    async fn access_token(&self, base: &Url, client: &reqwest::Client) -> Result<String, DemoError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
        }
        let url = request::join(base, "/user/credentials/api/access_token")?;
        let request = client.post(url).json(&json!({"api_key": self.api_key}));
        let answer: Answer = request::answer("logging in with the API key", request).await?;
        Ok(answer.access_token)
    }
}
