//! `/v1/config` and `/v1/storage`: what administrators are told of the commons itself.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, HeaderValue},
    web::Data,
};

use crate::{problem::Problem, service::Operations};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/config", |methods| methods.get(configuration));
    routes.resource("/v1/storage", |methods| methods.get(storage));
}

/// No store between here and the administrator keeps it.
const NO_STORE: (actix_web::http::header::HeaderName, HeaderValue) =
    (CACHE_CONTROL, HeaderValue::from_static("no-store"));

async fn configuration(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_read_configuration(&caller).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(operations.configuration(&permit)))
}

async fn storage(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_read_storage(&caller).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(operations.storage(&permit).await?))
}
