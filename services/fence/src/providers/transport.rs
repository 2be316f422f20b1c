//! Calls to other issuers, with limits: what they answer is not ours.

use std::{io, time::Duration};

use futures_util::StreamExt as _;
use openidconnect::{HttpRequest, HttpResponse, http};
use serde::de::DeserializeOwned;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

use super::federation::MetadataError;

/// The longest answer of an issuer.
const LONGEST: usize = 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Where an issuer describes itself, below its name (OpenID Connect Discovery §4).
pub(crate) const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Why an issuer gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the request failed")]
    Http(#[from] reqwest::Error),
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    #[error("{url} answers {status}")]
    Status { url: String, status: u16 },
    #[error("the answer of {url} cannot be read")]
    Json { url: String, source: serde_json::Error },
    #[error("the answer of {url} cannot be read")]
    Metadata { url: String, source: MetadataError },
    #[error("the answer cannot be passed on")]
    Form(#[from] http::Error),
    #[error("it does not answer in time")]
    Slow,
}

/// Sends a request that openidconnect made.
async fn send(
    client: &reqwest::Client,
    request: HttpRequest,
    longest: usize,
) -> Result<HttpResponse, FetchError> {
    let request = reqwest::Request::try_from(request)?;
    let answer = async {
        let answer = client.execute(request).await?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > longest {
                return Err(FetchError::TooLong(longest));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = http::Response::builder().status(status).body(body)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    };
    tokio::time::timeout(TIMEOUT, answer).await.map_err(|_| FetchError::Slow)?
}

/// As [`send`]; what goes wrong at the issuer is no answer.
pub(super) async fn ask(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let url = request.uri().to_string();
    let answer = send(client, request, LONGEST).await?;
    match answer.status() {
        status if status.is_server_error() => Err(FetchError::Status { url, status: status.as_u16() }),
        _ => Ok(answer),
    }
}

/// Reads a JSON document.
pub(super) async fn get<T: DeserializeOwned>(
    client: &reqwest::Client,
    url: &str,
    bearer: Option<&str>,
) -> Result<T, FetchError> {
    get_up_to(client, url, bearer, LONGEST).await
}

/// As [`get`], for a document that may be longer than others.
pub(super) async fn get_up_to<T: DeserializeOwned>(
    client: &reqwest::Client,
    url: &str,
    bearer: Option<&str>,
    longest: usize,
) -> Result<T, FetchError> {
    let mut request = http::Request::get(url).header("accept", "application/json");
    if let Some(token) = bearer {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = send(client, request.body(Vec::new())?, longest).await?;
    if !answer.status().is_success() {
        return Err(FetchError::Status { url: url.to_owned(), status: answer.status().as_u16() });
    }
    serde_json::from_slice(answer.body()).map_err(|source| FetchError::Json { url: url.to_owned(), source })
}

/// Opens a document that is too long to be kept. Whoever reads it sees to it that there is an end.
pub(super) async fn open(
    client: &reqwest::Client,
    url: &str,
    accept: &str,
) -> Result<impl AsyncRead + Unpin, FetchError> {
    let answer = tokio::time::timeout(TIMEOUT, client.get(url).header("accept", accept).send());
    let answer = answer.await.map_err(|_| FetchError::Slow)??;
    if !answer.status().is_success() {
        return Err(FetchError::Status { url: url.to_owned(), status: answer.status().as_u16() });
    }
    Ok(StreamReader::new(Box::pin(answer.bytes_stream().map(|chunk| chunk.map_err(io::Error::other)))))
}

/// As [`get`], for whoever asks without a token.
pub(crate) async fn fetch<T: DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, FetchError> {
    get(client, url, None).await
}
