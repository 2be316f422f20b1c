//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::Error, service::Requestor};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn status(requestor: Data<Requestor>) -> Result<HttpResponse, Error> {
    requestor.ping().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "OK" })))
}

async fn version(requestor: Data<Requestor>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": requestor.config.version }))
}
