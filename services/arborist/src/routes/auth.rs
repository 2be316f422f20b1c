//! Decisions, mappings, resources.

use ::web::{Params, Routes};
use actix_web::{
    HttpRequest, HttpResponse, Responder as _, ResponseError,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use authz::Request;
use serde_json::json;

use super::{
    answer::{Answer, Resources, is_indented, json_text, ok, resources},
    body::Body,
    headers,
};
use crate::{
    Arborist, Error,
    decision::{Principal, Ruling},
    input::{AuthRequest, MappingOf, read_user_only},
};

const REMOTE_USER: HeaderName = HeaderName::from_static("remote_user");

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/auth/request", |methods| methods.post(decide));
    routes.resource("/auth/proxy", |methods| methods.get(proxy));
    routes.resource("/auth/mapping", |methods| methods.get(own_mapping).post(any_mapping));
    routes.resource("/auth/resources", |methods| methods.get(own_resources).post(resources_of));
}

async fn decide(arborist: Data<Arborist>, body: Body) -> Result<HttpResponse, Error> {
    let asked = AuthRequest::read(&body.0, arborist.config.requests_limit)?;
    let user = asked.user.unwrap_or_default();
    let principal = arborist.principal_asking(&user, &asked.requests).await?;
    let ruling = arborist.rule_on(&principal, &asked.requests, &user.policies).await?;
    let mut response = HttpResponse::Ok();
    if let Ruling::Permitted(repeatable) = ruling
        && !repeatable.is_zero()
    {
        response.insert_header((authz::REPEATABLE_HEADER, repeatable.as_millis().to_string()));
    }
    Ok(response.json(json!({ "auth": ruling.permitted() })))
}

/// For a reverse proxy's sub-request: the status is the answer, and the user's name is in a header.
async fn proxy(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let Some(token) = headers::token(&request)? else {
        return Err(Error::Unauthenticated("auth request missing auth header".into()));
    };
    let principal = arborist.bearer(token).await?;
    let asked = asked_of_proxy(&params)?;
    let name = principal.user.as_deref().unwrap_or_default();
    let Ok(name) = HeaderValue::from_bytes(name.as_bytes()) else {
        return Err(Error::Forbidden("the user's name cannot be put into a header".into()));
    };
    let mut response = match arborist.demand(&principal, asked).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => error.error_response(),
    };
    response.headers_mut().insert(REMOTE_USER, name);
    Ok(response)
}

/// Reads what the proxy is asked; of several missing arguments the last is told.
fn asked_of_proxy(params: &Params) -> Result<Request, Error> {
    let argument = |name| params.get(name).unwrap_or_default();
    let (resource, service, method) = (argument("resource"), argument("service"), argument("method"));
    let missing = if method.is_empty() {
        "auth request missing `method` argument"
    } else if service.is_empty() {
        "auth proxy request missing `service` argument"
    } else if resource.is_empty() {
        "auth proxy request missing `resource` argument"
    } else {
        return Ok(Request::new(resource, service, method));
    };
    Err(Error::BadRequest(missing.into()))
}

/// `GET /auth/mapping`: that of the bearer's user, or of everybody. A bad token is 400.
async fn own_mapping(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let refused = |error| match error {
        Error::Unauthenticated(reason) => Error::MappingToken(reason),
        other => other,
    };
    let principal = match headers::token(&request).map_err(refused)? {
        None => Principal::anonymous(),
        Some(token) => {
            let bearer = arborist.bearer(token).await.map_err(refused)?;
            Principal { user: bearer.user, client: None }
        }
    };
    if is_indented(&params) {
        return Ok(ok(arborist.mapping_of(principal).await?).respond_to(&request));
    }
    Ok(json_text(arborist.mapping_json_of(principal).await?))
}

/// `POST /auth/mapping`: that of anybody, so only other services may reach it. A token wins over the body.
async fn any_mapping(
    arborist: Data<Arborist>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    let principal = match headers::token(&request)? {
        Some(token) => arborist.named_bearer(token).await?,
        None => match MappingOf::read(&body.0)? {
            MappingOf::User(name) => Principal::user(&name),
            MappingOf::Client(id) => Principal::client(&id),
            MappingOf::Nobody => Principal::anonymous(),
        },
    };
    Ok(json_text(arborist.mapping_json_of(principal).await?))
}

/// `GET /auth/resources`: those of the bearer. Without a user it is those of everybody.
async fn own_resources(
    arborist: Data<Arborist>,
    request: HttpRequest,
    params: Params,
) -> Result<Answer<Resources>, Error> {
    let mut principal = Principal::anonymous();
    if let Some(token) = headers::token(&request)? {
        let bearer = arborist.bearer(token).await?;
        if bearer.user.is_some() {
            principal = bearer;
        }
    }
    let reached = arborist.reached_by(&principal, &[]).await?;
    Ok(resources(&params, reached))
}

/// `POST /auth/resources`: those of the token in the body.
async fn resources_of(
    arborist: Data<Arborist>,
    params: Params,
    body: Body,
) -> Result<Answer<Resources>, Error> {
    let user = read_user_only(&body.0)?.unwrap_or_default();
    if user.token.is_none() {
        return Err(Error::Unauthenticated("auth request missing token".into()));
    }
    let principal = arborist.principal_of(&user).await?;
    let reached = arborist.reached_by(&principal, &user.policies).await?;
    Ok(resources(&params, reached))
}
