//! `/request`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::AUTHORIZATION,
    web::{Data, Path, Payload},
};
use authz::Subject;
use serde::Serialize;
use serde_json::json;
use web::Params;

use crate::{
    error::Error,
    input::{self, AskedPaths, Filters, NewRequest},
    model::StoredRequest,
    service::Requestor,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/request", |methods| methods.get(list).post(create));
    routes.resource("/request/user", |methods| methods.get(list_own));
    routes.resource("/request/user_resource_paths", |methods| methods.post(requested));
    routes.resource("/request/{request_id}", |methods| methods.get(get).put(update).delete(delete));
}

/// A request, and where its maker is sent to.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    request: StoredRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<String>,
}

async fn create(
    requestor: Data<Requestor>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let body = web::read_body(payload, requestor.config.body_limit).await?;
    let new = NewRequest::read(&requestor.config, &body, &params)?;
    let (request, redirect_url) = requestor.create(&subject(&request), new).await?;
    Ok(HttpResponse::Created().json(Answer { request, redirect_url }))
}

async fn list(
    requestor: Data<Requestor>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let filters = Filters::read(&requestor.config, &params)?;
    Ok(HttpResponse::Ok().json(requestor.list(&subject(&request), &filters).await?))
}

async fn list_own(
    requestor: Data<Requestor>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let filters = Filters::read(&requestor.config, &params)?;
    Ok(HttpResponse::Ok().json(requestor.list_own(&subject(&request), &filters).await?))
}

async fn requested(
    requestor: Data<Requestor>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let body = web::read_body(payload, requestor.config.body_limit).await?;
    let asked = AskedPaths::read(&requestor.config, &body)?;
    Ok(HttpResponse::Ok().json(requestor.requested(&subject(&request), asked).await?))
}

async fn get(
    requestor: Data<Requestor>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = input::request_id(&id)?;
    Ok(HttpResponse::Ok().json(requestor.get(&subject(&request), id).await?))
}

async fn update(
    requestor: Data<Requestor>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let id = input::request_id(&id)?;
    let body = web::read_body(payload, requestor.config.body_limit).await?;
    let status = input::status(&body)?;
    let (request, redirect_url) = requestor.update(&subject(&request), id, &status).await?;
    Ok(HttpResponse::Ok().json(Answer { request, redirect_url }))
}

async fn delete(
    requestor: Data<Requestor>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = input::request_id(&id)?;
    requestor.delete(&subject(&request), id).await?;
    Ok(HttpResponse::Ok().json(json!({ "request_id": id })))
}

/// Who asks. arborist verifies the token.
fn subject(request: &HttpRequest) -> Subject {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header.and_then(tokens::bearer) {
        Some(token) => Subject::Token(token.to_owned()),
        None => Subject::Anonymous,
    }
}
