//! arborist in another process, asked over its HTTP API.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{Authz, AuthzError, Mapping, Request, ResourceSpec, Subject};

const TIMEOUT: Duration = Duration::from_secs(10);
/// arborist takes at most this many requests at once; longer lists are asked about in parts.
const REQUESTS_AT_ONCE: usize = 10_000;

/// arborist at a base URL such as `http://arborist-service`.
#[derive(Debug, Clone)]
pub struct HttpAuthz {
    base: String,
    client: reqwest::Client,
}

impl HttpAuthz {
    /// Asks the arborist at `base`.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), AuthzError> {
        let unavailable = |error: reqwest::Error| AuthzError::Unavailable(error.without_url().to_string());
        let response = request.timeout(TIMEOUT).send().await.map_err(unavailable)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(unavailable)?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn decide_at_once(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        let mut body = json!({ "requests": requests });
        match subject {
            // arborist would take an empty one for nobody.
            Subject::Token(token) if token.is_empty() => {
                return Err(AuthzError::Unauthenticated("the token is empty".into()));
            }
            Subject::Token(token) => body["user"] = json!({ "token": token }),
            Subject::User(name) => body["user"] = json!({ "user_id": name }),
            Subject::Client(_) => {
                return Err(AuthzError::BadRequest("arborist decides for a client by its token only".into()));
            }
            Subject::Anonymous => {}
        }
        let request = self.client.post(format!("{}/auth/request", self.base)).json(&body);
        match self.send(request).await? {
            (200, answer) => answer
                .get("auth")
                .and_then(Value::as_bool)
                .ok_or_else(|| AuthzError::Unavailable("the answer has no key auth".into())),
            (status, answer) => Err(refusal(status, &answer)),
        }
    }
}

/// The message of arborist's error body, whichever of its two forms it has.
fn message(body: &Value) -> String {
    let text = body.pointer("/error/message").or(Some(body)).and_then(Value::as_str);
    text.unwrap_or("no reason given").to_owned()
}

fn refusal(status: u16, body: &Value) -> AuthzError {
    match status {
        400 | 404 | 409 | 413 => AuthzError::BadRequest(message(body)),
        401 => AuthzError::Unauthenticated(message(body)),
        403 => AuthzError::Forbidden(message(body)),
        _ => AuthzError::Unavailable(format!("status {status}")),
    }
}

#[async_trait]
impl Authz for HttpAuthz {
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        let (first, rest) = requests.split_at(requests.len().min(REQUESTS_AT_ONCE));
        let mut permitted = self.decide_at_once(subject, first).await?;
        for part in rest.chunks(REQUESTS_AT_ONCE) {
            permitted = permitted && self.decide_at_once(subject, part).await?;
        }
        Ok(permitted)
    }

    async fn user_name(&self, subject: &Subject) -> Result<Option<String>, AuthzError> {
        match subject {
            Subject::Token(token) => {
                // arborist has no question for this. When it answers another one, it has verified the token,
                // and only then is the token read here.
                self.decide_at_once(subject, &[Request::new("/programs", "arborist", "who")]).await?;
                let claims: Option<tokens::Claims> = tokens::unverified(token);
                Ok(claims.and_then(|claims| claims.username().map(str::to_owned)))
            }
            Subject::User(name) => Ok(Some(name.clone())),
            Subject::Client(_) | Subject::Anonymous => Ok(None),
        }
    }

    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError> {
        let request = self.client.post(format!("{}/auth/mapping", self.base));
        let request = match subject {
            Subject::Token(token) => request.header("Authorization", format!("bearer {token}")),
            Subject::User(name) => request.json(&json!({ "username": name })),
            Subject::Client(id) => request.json(&json!({ "clientID": id })),
            Subject::Anonymous => request,
        };
        match self.send(request).await? {
            (200, answer) => serde_json::from_value(answer)
                .map_err(|_| AuthzError::Unavailable("the answer is not a mapping".into())),
            (status, answer) => Err(refusal(status, &answer)),
        }
    }

    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError> {
        let mut body = json!({ "path": path });
        if let Some(description) = &spec.description {
            body["description"] = json!(description);
        }
        let request = self.client.post(format!("{}/resource?p", self.base)).json(&body);
        match self.send(request).await? {
            (200..=299 | 409, _) => Ok(()),
            (status, answer) => Err(refusal(status, &answer)),
        }
    }
}
