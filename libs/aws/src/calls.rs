//! Calls of Amazon SQS in its JSON protocol, with Signature Version 4 in their headers.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_types::error::display::DisplayErrorContext;
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::sessions::Sessions;

const JSON: &str = "application/x-amz-json-1.0";
const TARGET: &str = "x-amz-target";
/// What is kept of what a server says to a refusal.
const LONGEST_REASON: usize = 300;

/// Why a queue does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is nothing to sign calls with.
    #[error("there are no credentials for the queue: {0}")]
    Credentials(String),
    /// The call cannot be signed.
    #[error("a call of the queue cannot be signed: {0}")]
    Unsignable(String),
    /// No answer came, or one that is none of a queue.
    #[error("the queue does not answer")]
    Unavailable(#[from] reqwest::Error),
    /// The server says no.
    #[error("the queue refuses ({status} {code}): {reason}")]
    Refused {
        /// Status of the answer.
        status: u16,
        /// Its code, such as `AccessDeniedException`.
        code: String,
        /// What it says.
        reason: String,
    },
    /// A message is not deleted.
    #[error("the queue keeps a message: {0}")]
    Stays(String),
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

/// Whose calls these are.
#[derive(Debug)]
pub(crate) struct Caller {
    /// `None` for nobody's calls, which are not signed.
    pub(crate) sessions: Option<Sessions>,
    pub(crate) region: String,
}

impl Caller {
    /// Calls `action` at `endpoint` with the parameters `asked`.
    ///
    /// # Errors
    /// When there are no credentials, or the server refuses or does not answer `within` that time.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        http: &Client,
        endpoint: Url,
        action: &str,
        asked: &Value,
        within: Duration,
    ) -> Result<T, QueueError> {
        let (body, target) = (asked.to_string(), format!("AmazonSQS.{action}"));
        let mut headers = HeaderMap::new();
        if let Some(sessions) = &self.sessions {
            let credentials = sessions.living(within).await;
            let credentials = credentials
                .map_err(|error| QueueError::Credentials(DisplayErrorContext(&error).to_string()))?;
            headers = signed(&endpoint, &target, &body, credentials, &self.region, SystemTime::now())?;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(TARGET, value(&target)?);
        let sent = http.post(endpoint).headers(headers).timeout(within).body(body).send();
        let answer = sent.await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.json().await.map_err(reqwest::Error::without_url)?);
        }
        Err(refused(status, &answer.text().await.unwrap_or_default()))
    }
}

/// The headers that sign a call, beside those that are signed.
fn signed(
    endpoint: &Url,
    target: &str,
    body: &str,
    credentials: Credentials,
    region: &str,
    now: SystemTime,
) -> Result<HeaderMap, QueueError> {
    let unsignable = |error: &dyn std::error::Error| QueueError::Unsignable(error.to_string());
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sqs")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsignable(&error))?
        .into();
    let headers = [(CONTENT_TYPE.as_str(), JSON), (TARGET, target)].into_iter();
    let request =
        SignableRequest::new("POST", endpoint.as_str(), headers, SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| unsignable(&error))?;
    let signed = sign(request, &parameters).map_err(|error| unsignable(&error))?;
    let mut headers = HeaderMap::new();
    for (name, text) in signed.output().headers() {
        let name = HeaderName::try_from(name).map_err(|error| unsignable(&error))?;
        headers.insert(name, value(text)?);
    }
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, QueueError> {
    let mut value = HeaderValue::try_from(text).map_err(|error| QueueError::Unsignable(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn refused(status: StatusCode, text: &str) -> QueueError {
    let Refusal { kind, message } = serde_json::from_str(text).unwrap_or_default();
    let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
    // To a wrong signature Amazon repeats what it has signed itself, the session's token included.
    let reason = if message.contains("x-amz-") { "the signature is wrong".to_owned() } else { message };
    let reason = reason.chars().take(LONGEST_REASON).collect();
    QueueError::Refused { status: status.as_u16(), code, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_without_what_was_signed() {
        let told = |text: &str| refused(StatusCode::FORBIDDEN, text).to_string();
        let denied = r#"{"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "not authorized"}"#;
        assert_eq!(told(denied), "the queue refuses (403 AccessDeniedException): not authorized");
        let signature = r#"{"__type": "SignatureDoesNotMatch",
            "message": "The Canonical String should have been 'POST\n/\n\nx-amz-security-token:SECRET'"}"#;
        assert!(!told(signature).contains("SECRET"));
        assert_eq!(told("<html>"), "the queue refuses (403 ): ");
    }
}
