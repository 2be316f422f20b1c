//! `/_status` and `/_version`.

use actix_web::{HttpResponse, web::Data};
use serde_json::{Value, json};

use crate::{execute::ping, service::Peregrine};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

/// `GET /_status`: whether the database answers.
async fn status(peregrine: Data<Peregrine>) -> HttpResponse {
    match ping(&peregrine.pool).await {
        Ok(()) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
            HttpResponse::InternalServerError().json(json!({ "message": "Unhealthy" }))
        }
    }
}

/// `GET /_version`: the versions of the program and of the dictionary.
async fn version(peregrine: Data<Peregrine>) -> HttpResponse {
    let dictionary = peregrine.dictionary();
    let setting = |name: &str| dictionary.settings.get(name).and_then(Value::as_str).unwrap_or_default();
    HttpResponse::Ok().json(json!({
        "version": peregrine.config.version,
        "commit": peregrine.config.commit,
        "dictionary": {
            "version": setting("_dict_version"),
            "commit": setting("_dict_commit"),
            "digest": dictionary.digest,
        },
    }))
}
