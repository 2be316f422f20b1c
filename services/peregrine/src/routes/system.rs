//! `/_status` and `/_version`.

use ::web::Service as _;
use actix_web::{HttpResponse, web::Data};
use serde_json::{Value, json};

use crate::Peregrine;

/// `GET /_status`: whether the database answers.
pub(super) async fn status(peregrine: Data<Peregrine>) -> HttpResponse {
    match peregrine.ready().await {
        Ok(()) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"),
        Err(reason) => {
            tracing::warn!(reason, "not healthy");
            HttpResponse::InternalServerError().json(json!({ "message": "Unhealthy" }))
        }
    }
}

/// `GET /_version`: of the program and of the dictionary.
pub(super) async fn version(peregrine: Data<Peregrine>) -> HttpResponse {
    let setting =
        |name: &str| peregrine.dictionary.settings.get(name).and_then(Value::as_str).unwrap_or_default();
    HttpResponse::Ok().json(json!({
        "version": peregrine.config.version,
        "commit": peregrine.config.commit,
        "dictionary": {
            "version": setting("_dict_version"),
            "commit": setting("_dict_commit"),
            "digest": peregrine.dictionary.digest,
        },
    }))
}
