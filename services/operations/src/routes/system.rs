//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{problem::Problem, service::Operations};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

/// The word that sower's clients look for.
async fn status(operations: Data<Operations>) -> Result<HttpResponse, Problem> {
    operations.ping().await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("Healthy"))
}

async fn version(operations: Data<Operations>) -> HttpResponse {
    let config = &operations.config;
    HttpResponse::Ok().json(json!({ "version": config.version, "commit": config.commit }))
}
