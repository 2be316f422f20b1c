//! `/_status` and `/_version`.

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use serde_json::{Value, json};

use crate::service::Portal;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn status() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("Healthy")
}

async fn version(portal: Data<Portal>) -> Json<Value> {
    Json(json!({ "version": portal.config.version, "commit": portal.config.commit }))
}
