//! `/metadata_index`.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::paths::IndexedPath;
use crate::{access::header, error::Error, service::Metadata};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/metadata_index", |methods| methods.get(list));
    routes.resource("/metadata_index/{path:.+}", |methods| methods.post(create).delete(delete));
}

async fn list(metadata: Data<Metadata>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    Ok(HttpResponse::Ok().json(metadata.indexes(&permit).await?))
}

async fn create(
    metadata: Data<Metadata>,
    request: HttpRequest,
    IndexedPath(path): IndexedPath,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    metadata.create_index(&permit, &path).await?;
    Ok(HttpResponse::Created().json(path))
}

async fn delete(
    metadata: Data<Metadata>,
    request: HttpRequest,
    IndexedPath(path): IndexedPath,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    metadata.delete_index(&permit, &path).await?;
    Ok(HttpResponse::NoContent().finish())
}
