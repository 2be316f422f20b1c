//! Why somebody may or may not, who may, and what changed. These are not of the original; errors are of the
//! form of RFC 9457.

use ::web::{Params, Routes};
use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
    web::Data,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::headers;
use crate::{
    Arborist, Error,
    actions::Audience,
    decision::Principal,
    explain::{Asked, Event},
    input::MAX_NAME,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/v1/explain", |methods| methods.get(explain));
    routes.resource("/v1/who", |methods| methods.get(who));
    routes.resource("/v1/changes", |methods| methods.get(changes));
}

/// A refusal in the form of RFC 9457.
#[derive(Debug)]
struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        // Logs what is for the log, and says when to come again.
        let mut response = self.0.error_response();
        let status = response.status();
        let problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.0.to_string(),
        });
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.set_body(problem.to_string()).map_into_boxed_body()
    }
}

/// `GET /v1/explain?resource=&service=&method=[&user=]`: about oneself, or for administrators about `user`.
async fn explain(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&arborist, &request).await?;
    let asked = asked(&params)?;
    let (principal, audience) = subject(&arborist, caller, &params).await?;
    let explanation = arborist.explained(&principal, asked, audience).await?;
    Ok(HttpResponse::Ok().json(explanation))
}

/// `GET /v1/who?resource=&service=&method=`: for administrators.
async fn who(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&arborist, &request).await?;
    require_administrator(&arborist, &caller).await?;
    Ok(HttpResponse::Ok().json(arborist.circle_of(&asked(&params)?).await?))
}

/// `GET /v1/changes?since=[&user=]`: what changed for oneself, or for administrators for `user`.
async fn changes(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&arborist, &request).await?;
    let since = params.get("since").unwrap_or_default();
    let since: DateTime<Utc> = since.parse().map_err(|_| {
        Error::BadRequest("`since` must be a time as in RFC 3339, such as 2030-01-31T12:00:00Z".into())
    })?;
    let (principal, _) = subject(&arborist, caller, &params).await?;
    let Some(user) = &principal.user else {
        return Err(Error::BadRequest("the token names no user, and neither does `user`".into()).into());
    };
    let history = arborist.history_of(user, since).await?;
    let line = |event: &Event| {
        let mut line = json!(event);
        line["text"] = Value::String(event.in_words());
        line
    };
    let events: Vec<Value> = history.events.iter().map(line).collect();
    let answer = json!({
        "user": history.user, "since": history.since, "more": history.more, "events": events,
    });
    Ok(HttpResponse::Ok().json(answer))
}

/// Who asks; somebody must.
async fn caller(arborist: &Arborist, request: &HttpRequest) -> Result<Principal, Error> {
    let missing = || Error::Unauthenticated("log in first: the request has no token".into());
    let caller = arborist.bearer(headers::token(request)?.ok_or_else(missing)?).await?;
    if caller.is_anonymous() {
        return Err(Error::Unauthenticated("the token names neither a user nor a client".into()));
    }
    Ok(caller)
}

/// About whom is asked, and how much is told.
async fn subject(
    arborist: &Arborist,
    caller: Principal,
    params: &Params,
) -> Result<(Principal, Audience), Error> {
    let administrator = arborist.may_explain_others(&caller).await?;
    let audience = if administrator { Audience::Administrator } else { Audience::Oneself };
    let Some(user) = name(params, "user")? else { return Ok((caller, audience)) };
    let oneself = caller.user.as_ref().is_some_and(|own| own.to_lowercase() == user.to_lowercase());
    if !oneself && !administrator {
        return Err(only_administrators());
    }
    let principal = if oneself { caller } else { Principal::user(&user) };
    Ok((principal, audience))
}

async fn require_administrator(arborist: &Arborist, caller: &Principal) -> Result<(), Error> {
    if arborist.may_explain_others(caller).await? { Ok(()) } else { Err(only_administrators()) }
}

fn only_administrators() -> Error {
    let text = "asking about others needs the method `read` of the service `arborist` on \
                /services/arborist/explain";
    Error::Forbidden(text.into())
}

fn asked(params: &Params) -> Result<Asked, Error> {
    let resource = name(params, "resource")?
        .ok_or_else(|| Error::BadRequest("`resource` is missing: say which path it is about".into()))?;
    Ok(Asked { resource, service: name(params, "service")?, method: name(params, "method")? })
}

/// An argument that is not empty.
fn name(params: &Params, key: &str) -> Result<Option<String>, Error> {
    match params.get(key) {
        None | Some("") => Ok(None),
        Some(value) if value.len() > MAX_NAME || value.contains('\0') => Err(Error::BadRequest(format!(
            "`{key}` is longer than {MAX_NAME} bytes or holds a NUL character"
        ))),
        Some(value) => Ok(Some(value.to_owned())),
    }
}
