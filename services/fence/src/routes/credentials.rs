//! `/credentials`: API keys and the access tokens that they make. `cdis` is the older name of `api`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use tokens::Expect;

use super::{
    body::{form, is_form, query},
    resource,
};
use crate::{
    Fence,
    caller::{Bearer, Caller},
    credentials::{exchange, new_api_key, requested_scopes},
    error::FenceError,
    store::{api_keys, denylist},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/credentials").route(web::get().to(kinds)))
        .service(resource("/credentials/token/denylisted").route(web::post().to(denylisted)));
    for name in ["api", "cdis"] {
        let path = format!("/credentials/{name}");
        cfg.service(resource(&path).route(web::get().to(list)).route(web::post().to(create)))
            .service(resource(&format!("{path}/access_token")).route(web::post().to(access_token)))
            .service(resource(&format!("{path}/{{jti}}")).route(web::delete().to(delete)));
    }
    let backend = resource("/credentials/{backend}");
    cfg.service(backend.route(web::get().to(unknown_backend)).route(web::post().to(unknown_backend)));
}

async fn owner(fence: &Fence, caller: &Caller) -> Result<Bearer, FenceError> {
    caller.bearer(fence, &["credentials"]).await
}

async fn kinds(fence: web::Data<Fence>, caller: Caller) -> Result<HttpResponse, FenceError> {
    owner(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "/api": "access to Gen3 APIs" })))
}

async fn unknown_backend(fence: web::Data<Fence>, caller: Caller) -> Result<HttpResponse, FenceError> {
    owner(&fence, &caller).await?;
    Err(FenceError::BadRequest("This backend is not supported by the system!".into()))
}

async fn list(fence: web::Data<Fence>, caller: Caller) -> Result<HttpResponse, FenceError> {
    let bearer = owner(&fence, &caller).await?;
    let user = bearer.user_id().ok_or_else(FenceError::please_login)?;
    let mut connection = fence.pool.acquire().await?;
    let keys = api_keys::of_user(&mut connection, user).await?;
    let jtis: Vec<Value> = keys.iter().map(|key| json!({ "jti": key.jti, "exp": key.exp })).collect();
    Ok(HttpResponse::Ok().json(json!({ "jtis": jtis })))
}

async fn create(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let bearer = owner(&fence, &caller).await?;
    let expires_in = expires_in(&request)?;
    let scopes = requested_scopes(&fence, scopes_of(&request, &body), bearer.claims.scopes())?;
    let mut transaction = fence.pool.begin().await?;
    let user = bearer.user(&mut transaction).await?;
    let key = new_api_key(&fence, &mut transaction, &user, &scopes, expires_in).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Ok().json(key))
}

/// The key is revoked too, not only forgotten: whoever has it shall not be able to use it.
async fn delete(
    fence: web::Data<Fence>,
    caller: Caller,
    jti: web::Path<String>,
) -> Result<HttpResponse, FenceError> {
    let bearer = owner(&fence, &caller).await?;
    let mut transaction = fence.pool.begin().await?;
    let user = bearer.user(&mut transaction).await?;
    let Some(exp) = api_keys::remove(&mut transaction, user.id, &jti).await? else {
        return Err(FenceError::NotFound(format!("token not found with JTI {jti} for current user")));
    };
    denylist::add(&mut transaction, &jti, exp).await?;
    transaction.commit().await?;
    Ok(HttpResponse::NoContent().content_type("application/json").finish())
}

async fn access_token(
    fence: web::Data<Fence>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let key = member(&request, &body, "api_key");
    let key = key.ok_or_else(|| FenceError::BadRequest("Please provide an api_key in payload".into()))?;
    let expires_in = expires_in(&request)?;
    let mut connection = fence.pool.acquire().await?;
    let token = exchange(&fence, &mut connection, &key, expires_in).await?;
    Ok(HttpResponse::Ok().json(json!({ "access_token": token })))
}

/// Asked by proxies: 403 for a revoked token; 200 for everything else, even for what is no token.
async fn denylisted(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let token = member(&request, &body, "token").or_else(|| caller.token().map(str::to_owned));
    let Some(token) = token else { return Ok(HttpResponse::Ok().finish()) };
    let claims = fence.verifier.verify(&token, Expect { any_issuer: true, ..Expect::default() }).await;
    let Some(jti) = claims.ok().and_then(|claims| claims.jti) else { return Ok(HttpResponse::Ok().finish()) };
    let mut connection = fence.pool.acquire().await?;
    Ok(match denylist::contains(&mut connection, &jti).await? {
        true => {
            HttpResponse::Forbidden().content_type("text/html; charset=utf-8").body("Token is denylisted")
        }
        false => HttpResponse::Ok().finish(),
    })
}

/// The query argument `expires_in`, in seconds.
fn expires_in(request: &HttpRequest) -> Result<Option<i64>, FenceError> {
    let Some(text) = query(request, "expires_in") else { return Ok(None) };
    let wrong = || FenceError::BadRequest(format!("Invalid 'expires_in' value '{text}'"));
    text.parse().map(Some).map_err(|_| wrong())
}

/// A text of the body, which is a form or JSON whatever its type says; clients differ.
fn member(request: &HttpRequest, body: &web::Bytes, name: &str) -> Option<String> {
    let found = match is_form(request) {
        true => form(body).into_iter().find(|(key, _)| key == name).map(|(_, value)| value),
        false => object(body).get(name).and_then(Value::as_str).map(str::to_owned),
    };
    found.filter(|text| !text.is_empty())
}

fn object(body: &web::Bytes) -> Map<String, Value> {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The scopes that a body asks for: a JSON list, a text with commas, or form fields. A broken body asks for none.
fn scopes_of(request: &HttpRequest, body: &web::Bytes) -> Vec<String> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    if is_form(request) {
        let fields = form(body).into_iter().filter(|(key, _)| key == "scope");
        return fields.flat_map(|(_, value)| split(&value)).collect();
    }
    match object(body).get("scope") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => split(text),
        _ => Vec::new(),
    }
}
