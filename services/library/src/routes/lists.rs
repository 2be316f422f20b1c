//! `/lists`. Whose they are is known before anything else is looked at.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload},
};
use uuid::Uuid;

use crate::{
    error::Error,
    input::{self, NewList},
    service::Library,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/lists", |methods| methods.get(all).put(put).delete(delete_all));
    routes.resource("/lists/{list_id}", |methods| methods.get(one).put(replace).patch(append).delete(delete));
}

async fn all(library: Data<Library>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    Ok(HttpResponse::Ok().json(library.all(&owner).await?))
}

async fn put(library: Data<Library>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    let body = web::read_body(payload, library.config.body_limit).await?;
    let lists = NewList::read_many(&library.config, &body)?;
    Ok(HttpResponse::Created().json(library.put(&owner, &lists).await?))
}

async fn delete_all(library: Data<Library>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    library.delete_all(&owner).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The original answers a missing list with a bare text.
async fn one(library: Data<Library>, request: HttpRequest, id: Path<String>) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    match library.one(&owner, list_id(&id)?).await {
        Err(Error::NotFound(text)) => Ok(HttpResponse::NotFound().json(text)),
        found => Ok(HttpResponse::Ok().json(found?)),
    }
}

async fn replace(
    library: Data<Library>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    let id = list_id(&id)?;
    let body = web::read_body(payload, library.config.body_limit).await?;
    let new = NewList::read(&library.config, &body)?;
    Ok(HttpResponse::Ok().json(library.replace(&owner, id, &new).await?))
}

async fn append(
    library: Data<Library>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    let id = list_id(&id)?;
    let body = web::read_body(payload, library.config.body_limit).await?;
    let items = input::items(&library.config, &body)?;
    Ok(HttpResponse::Ok().json(library.append(&owner, id, items).await?))
}

async fn delete(
    library: Data<Library>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let owner = library.owner(request.headers()).await?;
    let was_there = library.delete(&owner, list_id(&id)?).await?;
    Ok(if was_there { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() })
}

fn list_id(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::Unusable("list_id: Input should be a valid UUID".into()))
}
