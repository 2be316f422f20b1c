//! `/metadata/{guid}/aliases`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Payload},
};
use serde_json::json;
use web::Params;

use super::{
    body::permitted,
    paths::{Alias, Guid},
};
use crate::{access::header, error::Error, input, service::Metadata};

/// With another method a path of one alias is that of a document.
pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/metadata/{guid:.*}/aliases", |methods| {
        methods.get(list).post(add).put(change).delete(delete_all)
    });
    routes.endpoint(Method::DELETE, "/metadata/{guid:.*}/aliases/{alias:.*}", delete);
}

async fn list(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let permit = metadata.reads(header(request.headers())).await?;
    let aliases = metadata.aliases(&permit, &guid).await?;
    Ok(HttpResponse::Ok().json(json!({ "guid": guid, "aliases": aliases })))
}

async fn add(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await;
    let (permit, body) = permitted(&metadata, permit, &request, payload).await?;
    let aliases = input::aliases(body)?;
    metadata.add_aliases(&permit, &guid, &aliases).await?;
    Ok(HttpResponse::Created().json(json!({ "guid": guid, "aliases": aliases })))
}

async fn change(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await;
    let (permit, body) = permitted(&metadata, permit, &request, payload).await?;
    let change = super::documents::change(&params)?;
    let aliases = metadata.change_aliases(&permit, &guid, &input::aliases(body)?, change).await?;
    Ok(HttpResponse::Created().json(json!({ "guid": guid, "aliases": aliases })))
}

async fn delete(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    Alias(alias): Alias,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    metadata.delete_alias(&permit, &guid, &alias).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn delete_all(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    metadata.delete_aliases(&permit, &guid).await?;
    Ok(HttpResponse::NoContent().finish())
}
