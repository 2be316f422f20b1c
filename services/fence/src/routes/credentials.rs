//! `/credentials`: API keys and the access tokens that they make. `cdis` is the older name of `api`.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};
use web::{Params, Routes};

use super::body::Body;
use crate::{
    error::Error,
    identity::{caller::Caller, permits::may_manage_keys},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/credentials", |methods| methods.get(kinds));
    routes.resource("/credentials/token/denylisted", |methods| methods.post(denylisted));
    for name in ["api", "cdis"] {
        routes.below(&format!("/credentials/{name}"), |routes| {
            routes.resource("", |methods| methods.get(list).post(create));
            routes.resource("/access_token", |methods| methods.post(access_token));
            routes.resource("/{jti}", |methods| methods.delete(delete));
        });
    }
    routes.resource("/credentials/{backend}", |methods| methods.get(unknown_backend).post(unknown_backend));
}

async fn kinds(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    may_manage_keys(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "/api": "access to Gen3 APIs" })))
}

async fn unknown_backend(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    may_manage_keys(&fence, &caller).await?;
    Err(Error::BadRequest("This backend is not supported by the system!".into()))
}

async fn list(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let proof = may_manage_keys(&fence, &caller).await?;
    let keys = fence.api_keys(&proof).await?;
    let jtis: Vec<Value> = keys.iter().map(|key| json!({ "jti": key.jti, "exp": key.exp })).collect();
    Ok(HttpResponse::Ok().json(json!({ "jtis": jtis })))
}

async fn create(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_manage_keys(&fence, &caller).await?;
    let key = fence.create_api_key(&proof, scopes_of(&body), expires_in(&params)?).await?;
    Ok(HttpResponse::Ok().json(key))
}

async fn delete(fence: Data<Fence>, caller: Caller, jti: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_manage_keys(&fence, &caller).await?;
    fence.delete_api_key(&proof, &jti).await?;
    Ok(HttpResponse::NoContent().content_type("application/json").finish())
}

async fn access_token(fence: Data<Fence>, params: Params, body: Body) -> Result<HttpResponse, Error> {
    let missing = || Error::BadRequest("Please provide an api_key in payload".into());
    let key = body.field("api_key").ok_or_else(missing)?;
    let task = params.get("task_token").filter(|task| !task.is_empty());
    let token = fence.exchange_api_key(&key, task, expires_in(&params)?).await;
    let token = fence.counts.answered("api_key", token)?;
    Ok(HttpResponse::Ok().json(json!({ "access_token": token })))
}

/// Asked by proxies: 403 for a revoked token; 200 for everything else, even for what is not a token.
async fn denylisted(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let token = body.field("token").or_else(|| caller.token().map(str::to_owned));
    if let Some(token) = token
        && fence.is_revoked(&token).await?
    {
        let mut answer = HttpResponse::Forbidden();
        return Ok(answer.content_type("text/html; charset=utf-8").body("Token is denylisted"));
    }
    Ok(HttpResponse::Ok().finish())
}

/// The query argument `expires_in`: a positive number of seconds, of which the configured maximum counts at
/// most.
fn expires_in(params: &Params) -> Result<Option<i64>, Error> {
    let Some(text) = params.get("expires_in") else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    match seconds {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(Error::BadRequest(format!(
            "Invalid 'expires_in' value '{text}': it must be a positive number of seconds"
        ))),
    }
}

/// The scopes that a body asks for: a JSON list, a string with commas, or form fields. A broken body asks for
/// none.
fn scopes_of(body: &Body) -> Vec<String> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    if body.is_form() {
        let fields = body.form().into_iter().filter(|(key, _)| key == "scope");
        return fields.flat_map(|(_, value)| split(&value)).collect();
    }
    match body.lenient_object().get("scope") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => split(text),
        _ => Vec::new(),
    }
}
