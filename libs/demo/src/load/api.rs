//! Requests to the commons.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{DemoError, TokenSource, error, origin};

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
        if is_loopback(&base) {
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

/// The address of a path of the commons; it may live below a path itself.
pub(super) fn join(base: &Url, path: &str) -> Result<Url, DemoError> {
    let address = format!("{}{path}", base.as_str().trim_end_matches('/'));
    Url::parse(&address).map_err(|error| DemoError::Address(address.clone(), error.to_string()))
}

/// Sends a request and reads the answer, which must be one of success and of the right form.
pub(super) async fn answer<T: DeserializeOwned>(what: &str, request: RequestBuilder) -> Result<T, DemoError> {
    let body = checked(what, request).await?.bytes().await.map_err(|error| unreachable(what, error))?;
    serde_json::from_slice(&body)
        .map_err(|error| DemoError::Unexpected { what: what.to_owned(), reason: error.to_string() })
}

async fn checked(what: &str, request: RequestBuilder) -> Result<Response, DemoError> {
    let response = request.send().await.map_err(|error| unreachable(what, error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|error| unreachable(what, error))?;
    Err(DemoError::Refused { what: what.to_owned(), status, message: error::reason(&body) })
}

fn unreachable(what: &str, error: reqwest::Error) -> DemoError {
    // Without the URL, which may be a signed one; the cause says what is really wrong.
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    DemoError::Unreachable { what: what.to_owned(), reason }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
