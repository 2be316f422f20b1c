//! Calls to identity providers and other commons. Only addresses that are configured are called.

use std::{error::Error as StdError, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode, header::USER_AGENT};
use serde::Deserialize;
use url::Url;

use crate::{config::Idp, issued, login::Login, service::Wts};

/// For a whole call.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer with tokens.
const LARGEST_TOKENS: usize = 1 << 20;
/// Of an answer that is gathered.
const LARGEST_ANSWER: usize = 8 << 20;

/// Why a provider gave nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It does not answer.
    #[error("it cannot be reached")]
    Unreached(#[source] Box<dyn StdError + Send + Sync>),
    /// It says no.
    #[error("it answers with the status {status}")]
    Refused {
        /// The status.
        status: u16,
        /// Its word for the reason, by the standard of OAuth.
        code: Option<String>,
    },
    /// It says something else than was asked for.
    #[error("its answer cannot be used: {0}")]
    Unusable(&'static str),
}

impl PeerError {
    /// The refresh token, or the code, is not good any more.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == "invalid_grant")
    }
}

impl From<reqwest::Error> for PeerError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold parameters of the caller.
        Self::Unreached(error.without_url().into())
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Wts {
    /// Exchanges the code of a login; returns the body of the answer.
    pub(crate) async fn exchange(&self, idp: &Idp, login: &Login, code: &str) -> Result<Vec<u8>, PeerError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", idp.redirect_uri.as_str()),
        ];
        if idp.is_fence {
            form.push(("code_verifier", login.verifier.as_str()));
        }
        self.ask(idp, &idp.token_url, &form).await
    }

    /// A new access token.
    pub(crate) async fn renew(&self, idp: &Idp, refresh_token: &str) -> Result<String, PeerError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let body = self.ask(idp, &idp.token_url, &form).await?;
        issued::access_token(&body).ok_or(PeerError::Unusable("there is no access_token"))
    }

    /// Revokes a refresh token, where the provider lets us.
    pub(crate) async fn revoke(&self, idp: &Idp, refresh_token: &str) -> Result<(), PeerError> {
        let Some(url) = &idp.revoke_url else { return Ok(()) };
        self.ask(idp, url, &[("token", refresh_token)]).await.map(drop)
    }

    async fn ask(&self, idp: &Idp, url: &Url, form: &[(&str, &str)]) -> Result<Vec<u8>, PeerError> {
        let request = self.client.post(url.clone()).form(form);
        self.send(request.basic_auth(&idp.client_id, Some(&idp.client_secret)), LARGEST_TOKENS).await
    }

    /// What a commons answers at `url`, with an access token if there is one.
    pub(crate) async fn get(&self, url: Url, token: Option<&str>) -> Result<Vec<u8>, PeerError> {
        let request = self.client.get(url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.send(request, LARGEST_ANSWER).await
    }

    async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Vec<u8>, PeerError> {
        let agent = format!("Gen3WTS/{}", self.config.version);
        let answer = request.timeout(TIMEOUT).header(USER_AGENT, agent).send().await?;
        let status = answer.status();
        let body = read(answer, limit).await;
        if status.is_success() {
            return body;
        }
        Err(PeerError::Refused {
            status: status.as_u16(),
            code: body.ok().and_then(|body| code(status, &body)),
        })
    }
}

async fn read(mut answer: Response, limit: usize) -> Result<Vec<u8>, PeerError> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        if body.len() + part.len() > limit {
            return Err(PeerError::Unusable("it is too large"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// The word of OAuth for a refusal, if it is one.
fn code(status: StatusCode, body: &[u8]) -> Option<String> {
    if !status.is_client_error() {
        return None;
    }
    let Refusal { error } = serde_json::from_slice(body).ok()?;
    let is_word = error.len() <= 50 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_word.then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_of_oauth_counts_as_a_reason() {
        let bad = StatusCode::BAD_REQUEST;
        assert_eq!(code(bad, br#"{"error":"invalid_grant"}"#).as_deref(), Some("invalid_grant"));
        assert_eq!(code(StatusCode::BAD_GATEWAY, br#"{"error":"invalid_grant"}"#), None);
        for body in [&b"<html>"[..], br#"{"error":"Some <b>text</b>"}"#, br#"{"error":7}"#, b""] {
            assert_eq!(code(bad, body), None);
        }
    }
}
