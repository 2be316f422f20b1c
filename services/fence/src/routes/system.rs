//! `/`, `/_status`, `/_version`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::resource;
use crate::{Fence, error::FenceError};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/").route(web::get().to(root)))
        .service(resource("/_status").route(web::get().to(status)))
        .service(resource("/_version").route(web::get().to(version)));
}

async fn root() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "oauth2 endpoint": "/oauth2",
        "user endpoint": "/user",
        "keypair endpoint": "/credentials",
    }))
}

async fn status(fence: web::Data<Fence>) -> Result<HttpResponse, FenceError> {
    sqlx::query("select 1").execute(&fence.pool).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"))
}

async fn version() -> HttpResponse {
    let commit = option_env!("COMMIT").unwrap_or_default();
    HttpResponse::Ok().json(json!({ "version": env!("CARGO_PKG_VERSION"), "commit": commit }))
}
