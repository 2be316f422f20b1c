//! `/v1/sets`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Path, Payload, Query},
};

use super::request::{caller, media_type};
use crate::{
    config::BODY_LIMIT,
    service::Guppy,
    v1::{LinesRequest, MembersPage, Problem},
};

/// Largest body of a change.
const CHANGE_LIMIT: usize = 16 << 10;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::POST, "/v1/sets", make);
    routes.endpoint(Method::GET, "/v1/sets", own);
    routes.endpoint(Method::GET, "/v1/sets/{set}", one);
    routes.endpoint(Method::PATCH, "/v1/sets/{set}", change);
    routes.endpoint(Method::DELETE, "/v1/sets/{set}", delete);
    routes.endpoint(Method::GET, "/v1/sets/{set}/members", members);
}

/// JSON, or a text with a member in each line, whose name is then in the address.
async fn make(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let lines = match media_type(&request).as_deref() {
        Some("text/plain") => Some(address::<LinesRequest>(&request)?),
        _ => None,
    };
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    let made = guppy.make_set(&subject, body, lines).await?;
    Ok(HttpResponse::Created().json(made))
}

async fn own(guppy: Data<Guppy>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(guppy.own_sets(&caller(&request)).await?))
}

async fn one(guppy: Data<Guppy>, request: HttpRequest, set: Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(guppy.set(&caller(&request), &set).await?))
}

async fn members(
    guppy: Data<Guppy>,
    request: HttpRequest,
    set: Path<String>,
) -> Result<HttpResponse, Problem> {
    let page = address::<MembersPage>(&request)?;
    Ok(HttpResponse::Ok().json(guppy.set_members(&caller(&request), &set, &page).await?))
}

async fn change(
    guppy: Data<Guppy>,
    request: HttpRequest,
    set: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, CHANGE_LIMIT).await?;
    Ok(HttpResponse::Ok().json(guppy.change_set(&caller(&request), &set, &body).await?))
}

async fn delete(
    guppy: Data<Guppy>,
    request: HttpRequest,
    set: Path<String>,
) -> Result<HttpResponse, Problem> {
    guppy.delete_set(&caller(&request), &set).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the address says behind its `?`.
fn address<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = Query::<T>::from_query(request.query_string());
    query.map(Query::into_inner).map_err(|error| Problem::invalid(format!("the address: {error}")))
}
