//! `/`, `/_status`, `/_version`.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;
use web::Routes;

use crate::{error::Error, service::Fence};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/", |methods| methods.get(root));
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn root() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "oauth2 endpoint": "/oauth2",
        "user endpoint": "/user",
        "keypair endpoint": "/credentials",
    }))
}

async fn status(fence: Data<Fence>) -> Result<HttpResponse, Error> {
    fence.ping().await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"))
}

async fn version() -> HttpResponse {
    let commit = option_env!("COMMIT").unwrap_or_default();
    HttpResponse::Ok().json(json!({ "version": env!("CARGO_PKG_VERSION"), "commit": commit }))
}
