//! arborist in another process, asked over its HTTP API.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tracecontext::Traced as _;

use crate::{
    Authz, AuthzError, Mapping, Request, ResourceSpec, Standing, Subject,
    repeated::{REPEATABLE_HEADER, Repeated},
};

const TIMEOUT: Duration = Duration::from_secs(10);
/// arborist takes at most this many requests at once; longer lists are asked about in parts.
const REQUESTS_AT_ONCE: usize = 10_000;

/// As for requests, for users whose standing is told.
const USERS_AT_ONCE: usize = 5_000;

/// arborist at a base URL such as `http://arborist-service`.
#[derive(Debug, Clone)]
pub struct HttpAuthz {
    base: String,
    client: reqwest::Client,
    repeated: Arc<Repeated>,
}

/// What came back.
struct Answer {
    status: u16,
    body: Value,
    /// For how long a "yes" may be repeated.
    repeatable: Duration,
}

impl HttpAuthz {
    /// Asks the arborist at `base`. The connections of `client` are used again, because every answer is read
    /// to its end.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client, repeated: Arc::default() }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, AuthzError> {
        let unavailable = |error: reqwest::Error| AuthzError::Unavailable(error.without_url().to_string());
        let response = request.timeout(TIMEOUT).traced().send().await.map_err(unavailable)?;
        let status = response.status().as_u16();
        let repeatable = response.headers().get(REPEATABLE_HEADER).and_then(|value| value.to_str().ok());
        let repeatable = repeatable.and_then(|value| value.parse().ok()).unwrap_or_default();
        let body = response.bytes().await.map_err(unavailable)?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status, body, repeatable: Duration::from_millis(repeatable) })
    }

    /// Asks unless the same was permitted a moment ago.
    async fn decide_once(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        let question = (subject.clone(), requests.to_vec());
        let sent = Instant::now();
        if self.repeated.permits(&question, sent) {
            return Ok(true);
        }
        let (permitted, repeatable) = self.ask(subject, requests).await?;
        if permitted {
            self.repeated.keep(question, sent, repeatable);
        }
        Ok(permitted)
    }

    async fn ask(&self, subject: &Subject, requests: &[Request]) -> Result<(bool, Duration), AuthzError> {
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
        let answer = self.send(request).await?;
        if answer.status != 200 {
            return Err(answer.refusal());
        }
        let permitted = answer.body.get("auth").and_then(Value::as_bool);
        let permitted = permitted.ok_or_else(|| AuthzError::Unavailable("the answer has no key auth".into()));
        Ok((permitted?, answer.repeatable))
    }
}

impl Answer {
    fn refusal(&self) -> AuthzError {
        match self.status {
            400 | 404 | 409 | 413 => AuthzError::BadRequest(message(&self.body)),
            401 => AuthzError::Unauthenticated(message(&self.body)),
            403 => AuthzError::Forbidden(message(&self.body)),
            status => AuthzError::Unavailable(format!("status {status}")),
        }
    }
}

/// The message of arborist's error body, whichever of its forms it has.
fn message(body: &Value) -> String {
    let text = body.pointer("/error/message").or_else(|| body.get("detail")).or(Some(body));
    let text = text.and_then(Value::as_str);
    text.unwrap_or("no reason given").to_owned()
}

#[async_trait]
impl Authz for HttpAuthz {
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        let (first, rest) = requests.split_at(requests.len().min(REQUESTS_AT_ONCE));
        let mut permitted = self.decide_once(subject, first).await?;
        for part in rest.chunks(REQUESTS_AT_ONCE) {
            permitted = permitted && self.decide_once(subject, part).await?;
        }
        Ok(permitted)
    }

    async fn user_name(&self, subject: &Subject) -> Result<Option<String>, AuthzError> {
        match subject {
            Subject::Token(token) => {
                // arborist has no question for this. When it answers another one, it has verified the token,
                // and only then is the token read here.
                self.ask(subject, &[Request::new("/programs", "arborist", "who")]).await?;
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
        let mut answer = self.send(request).await?;
        if let (400, Subject::Token(_) | Subject::Anonymous) = (answer.status, subject) {
            // Older ones have this question as GET only.
            let request = self.client.get(format!("{}/auth/mapping", self.base));
            answer = self
                .send(match subject {
                    Subject::Token(token) => request.header("Authorization", format!("bearer {token}")),
                    _ => request,
                })
                .await?;
        }
        if answer.status != 200 {
            return Err(answer.refusal());
        }
        serde_json::from_value(answer.body)
            .map_err(|_| AuthzError::Unavailable("the answer is not a mapping".into()))
    }

    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError> {
        let mut body = json!({ "path": path });
        if let Some(description) = &spec.description {
            body["description"] = json!(description);
        }
        let request = self.client.post(format!("{}/resource?p", self.base)).json(&body);
        let answer = self.send(request).await?;
        if matches!(answer.status, 200..=299 | 409) { Ok(()) } else { Err(answer.refusal()) }
    }

    async fn set_standing(
        &self,
        usernames: &[String],
        standing: Standing,
    ) -> Result<Option<u64>, AuthzError> {
        let mut changed = 0;
        for part in usernames.chunks(USERS_AT_ONCE) {
            let body = json!({ "users": part, "standing": standing });
            let answer = self.send(self.client.put(format!("{}/v1/standing", self.base)).json(&body)).await?;
            match answer.status {
                200 => {}
                404 | 405 => return Ok(None),
                _ => return Err(answer.refusal()),
            }
            let told = answer.body.get("changed").and_then(Value::as_u64);
            changed += told.ok_or_else(|| AuthzError::Unavailable("the answer has no key changed".into()))?;
        }
        Ok(Some(changed))
    }

    async fn ensure_member(&self, username: &str, group: &str) -> Result<(), AuthzError> {
        let unusable = |reason: String| AuthzError::Unavailable(reason);
        let mut url = reqwest::Url::parse(&self.base).map_err(|error| unusable(error.to_string()))?;
        let segments = url.path_segments_mut();
        segments.map_err(|()| unusable("its address has no path".into()))?.extend(["group", group, "user"]);
        for request in [
            self.client.post(format!("{}/user", self.base)).json(&json!({ "name": username })),
            self.client.post(format!("{}/group", self.base)).json(&json!({ "name": group })),
            self.client.post(url).json(&json!({ "username": username })),
        ] {
            // The first two may be there already.
            let answer = self.send(request).await?;
            if !matches!(answer.status, 200..=299 | 409) {
                return Err(answer.refusal());
            }
        }
        Ok(())
    }
}
