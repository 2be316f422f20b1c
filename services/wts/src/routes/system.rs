//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::Error, service::Wts};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/", |methods| methods.get(root));
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn root() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "/token": "get temporary token",
        "/oauth2": "oauth2 resources",
        "/external_oidc": "list available identity providers",
    }))
}

async fn status(wts: Data<Wts>) -> HttpResponse {
    match wts.ping().await {
        Ok(()) => HttpResponse::Ok().body("Healthy"),
        Err(error) => {
            if let Error::Failed(failure) = &error {
                failure.log();
            }
            HttpResponse::InternalServerError().body("Unhealthy")
        }
    }
}

async fn version(wts: Data<Wts>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": wts.config.version, "commit": wts.config.commit }))
}
