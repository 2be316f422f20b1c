//! `/_status` and `/_version`.

use actix_web::{
    HttpResponse,
    web::{self, Data},
};
use serde_json::json;

use crate::Portal;

pub(super) async fn status() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("Healthy")
}

pub(super) async fn version(portal: Data<Portal>) -> web::Json<serde_json::Value> {
    web::Json(json!({ "version": portal.config.version, "commit": portal.config.commit }))
}
