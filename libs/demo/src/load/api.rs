//! Requests to the commons.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    error::DemoError,
    request::{answer, checked, join, origin, unreachable},
    token::TokenSource,
};

const TIMEOUT: Duration = Duration::from_secs(300);

/// The public API of a commons, with a login.
pub(super) struct Api {
    base: Url,
    client: Client,
    token: String,
}

impl Api {
    /// Logs in at the commons at `base_url`.
    pub(super) async fn connect(base_url: &str, tokens: impl TokenSource) -> Result<Self, DemoError> {
        let base = origin(base_url)?;
        let mut client = Client::builder().timeout(TIMEOUT);
        if web::is_loopback(&base) {
            // A proxy of the environment is for the world outside.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| unreachable("connecting", error))?;
        let token = tokens.access_token(&base, &client).await?;
        Ok(Self { base, client, token })
    }

    /// GET of a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T, DemoError> {
        answer(what, self.request(Method::GET, path)?).await
    }

    /// POST of a JSON body.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, DemoError> {
        answer(what, self.request(Method::POST, path)?.json(body)).await
    }

    /// PUT of a JSON body.
    pub(super) async fn put(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, DemoError> {
        answer(what, self.request(Method::PUT, path)?.json(body)).await
    }

    /// PUT of a file to a signed URL, which is a secret for as long as it is valid.
    pub(super) async fn put_bytes(
        &self,
        what: &str,
        signed_url: &str,
        bytes: Vec<u8>,
    ) -> Result<(), DemoError> {
        checked(what, self.client.put(signed_url).body(bytes)).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, DemoError> {
        Ok(self.client.request(method, join(&self.base, path)?).bearer_auth(&self.token))
    }
}
