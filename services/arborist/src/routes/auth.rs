//! Decisions, mappings, resources.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web::Data,
};
use authz::{Mapping, Request};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, authorization, has_flag, ok, parameter},
    question::{AuthRequest, MappingOf, read_user_only},
    store::decision::{Reached, Subject},
    token,
};

const REMOTE_USER: HeaderName = HeaderName::from_static("remote_user");

pub(crate) async fn health(arborist: Data<Arborist>) -> Result<Answer<&'static str>, Error> {
    arborist.database_answers().await?;
    Ok(ok("Healthy"))
}

pub(crate) async fn request(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let asked = AuthRequest::read(&body.0, arborist.config.requests_limit)?;
    let user = asked.user.unwrap_or_default();
    let subject = arborist.subject_of(&user).await?;
    let permitted = arborist.permits(&subject, &asked.requests, &user.policies).await?;
    Ok(ok(json!({ "auth": permitted })))
}

/// For a reverse proxy's sub-request: the status is the answer, and the user's name is in a header.
pub(crate) async fn proxy(arborist: Data<Arborist>, req: HttpRequest) -> Result<HttpResponse, Error> {
    let Some(header) = authorization(&req)? else {
        return Err(Error::Unauthenticated("auth request missing auth header".into()));
    };
    let argument = |name: &str| {
        parameter(&req, name)
            .ok_or_else(|| Error::BadRequest(format!("auth request missing `{name}` argument")))
    };
    let asked = Request::new(&argument("resource")?, &argument("service")?, &argument("method")?);
    let bearer = arborist.bearer(token::from_header(header)).await?;
    let name = bearer.user.clone().unwrap_or_default();
    let Ok(name) = HeaderValue::from_bytes(name.as_bytes()) else {
        return Err(Error::Forbidden("the user's name cannot be put into a header".into()));
    };
    let subject = Subject { user: bearer.user, client: bearer.client };
    let mut response = match proxy_decision(&arborist, &subject, asked).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => error.error_response(),
    };
    response.headers_mut().insert(REMOTE_USER, name);
    Ok(response)
}

async fn proxy_decision(arborist: &Arborist, subject: &Subject, asked: Request) -> Result<(), Error> {
    if *subject == Subject::anonymous() {
        let text = "unauthorized: did not provide a username and/or client ID in request";
        return Err(Error::Forbidden(text.into()));
    }
    match arborist.permits(subject, &[asked], &[]).await? {
        true => Ok(()),
        false => Err(Error::Forbidden("Unauthorized: user does not have access to this resource".into())),
    }
}

/// `GET /auth/mapping`: of the bearer's user, or the anonymous one. A bad token is a 400 with a bare text.
pub(crate) async fn own_mapping(
    arborist: Data<Arborist>,
    req: HttpRequest,
) -> Result<Answer<Mapping>, Error> {
    let refused = |error: Error| match error {
        Error::Unauthenticated(text) => {
            let text = format!("tried to get username from jwt, but jwt decode failed: {text}");
            Error::BareText(StatusCode::BAD_REQUEST, text)
        }
        other => other,
    };
    let subject = match authorization(&req).map_err(refused)? {
        None => Subject::anonymous(),
        Some(header) => {
            let bearer = arborist.bearer(token::from_header(header)).await.map_err(refused)?;
            Subject { user: bearer.user, client: None }
        }
    };
    Ok(ok(arborist.mapping_of(subject).await?))
}

/// `POST /auth/mapping`: of anybody, so only other services may reach it. A token wins over the body.
pub(crate) async fn any_mapping(
    arborist: Data<Arborist>,
    req: HttpRequest,
    body: Body,
) -> Result<Answer<Mapping>, Error> {
    let subject = match authorization(&req)? {
        Some(header) => arborist.holder(token::from_header(header)).await?,
        None => match MappingOf::read(&body.0)? {
            MappingOf::User(name) => Subject::user(&name),
            MappingOf::Client(id) => Subject::client(&id),
            MappingOf::Nobody => Subject::anonymous(),
        },
    };
    Ok(ok(arborist.mapping_of(subject).await?))
}

/// A list of resources, as paths or as tags.
#[derive(Serialize)]
pub(crate) struct Resources {
    resources: Vec<String>,
}

/// Writes `reached` as the query asks for it.
pub(crate) fn resources(req: &HttpRequest, reached: Vec<Reached>) -> Answer<Resources> {
    let tags = has_flag(req, "tags");
    let spell = |reached: Reached| if tags { reached.tag } else { reached.path.decoded() };
    ok(Resources { resources: reached.into_iter().map(spell).collect() })
}

/// `GET /auth/resources`: of the bearer; without a token, or with one of a client alone, of everybody.
pub(crate) async fn own_resources(
    arborist: Data<Arborist>,
    req: HttpRequest,
) -> Result<Answer<Resources>, Error> {
    let mut subject = Subject::anonymous();
    if let Some(header) = authorization(&req)? {
        let bearer = arborist.bearer(token::from_header(header)).await?;
        if bearer.user.is_some() {
            subject = Subject { user: bearer.user, client: bearer.client };
        }
    }
    let reached = arborist.reached_by(&subject, &[]).await?;
    Ok(resources(&req, reached))
}

/// `POST /auth/resources`: of the token in the body.
pub(crate) async fn resources_of(
    arborist: Data<Arborist>,
    req: HttpRequest,
    body: Body,
) -> Result<Answer<Resources>, Error> {
    let mut user = read_user_only(&body.0)?.unwrap_or_default();
    if user.token.is_none() {
        return Err(Error::Unauthenticated("auth request missing token".into()));
    }
    let policies = std::mem::take(&mut user.policies);
    let subject = arborist.subject_of(&user).await?;
    let reached = arborist.reached_by(&subject, &policies).await?;
    Ok(resources(&req, reached))
}
