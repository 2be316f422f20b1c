//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::Error, service::Metadata};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/version", |methods| methods.get(version));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn status(metadata: Data<Metadata>) -> Result<HttpResponse, Error> {
    let now = python::isoformat_utc(metadata.now().await?);
    let has_aggregate = metadata.has_aggregate().await?;
    let answer = json!({ "status": "OK", "timestamp": now, "aggregate_metadata_enabled": has_aggregate });
    Ok(HttpResponse::Ok().json(answer))
}

async fn version(metadata: Data<Metadata>) -> HttpResponse {
    HttpResponse::Ok().json(&metadata.config.version)
}
