//! Addresses of the commons, and requests to them.

use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use url::Url;

use super::error::{self, DemoError};

/// The address of the commons, without what comes after the host.
pub(super) fn origin(base_url: &str) -> Result<Url, DemoError> {
    let mut url =
        Url::parse(base_url).map_err(|error| DemoError::Address(base_url.to_owned(), error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DemoError::Address(base_url.to_owned(), "it is not an http address".to_owned()));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// The address of a path of the commons, which may itself be served below a path.
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

pub(super) async fn checked(what: &str, request: RequestBuilder) -> Result<Response, DemoError> {
    let response = request.send().await.map_err(|error| unreachable(what, error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.text().await.map_err(|error| unreachable(what, error))?;
    Err(DemoError::Refused { what: what.to_owned(), status, message: error::reason(&body) })
}

pub(super) fn unreachable(what: &str, error: reqwest::Error) -> DemoError {
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
