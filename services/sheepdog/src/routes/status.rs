//! `/_status` and `/_version`.

use ::web::Routes;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::{Error, Sheepdog, store};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn status(sheepdog: web::Data<Sheepdog>) -> HttpResponse {
    let answers = async { store::probe::answers(&mut *sheepdog.pool.acquire().await?).await };
    match database::promptly(answers).await {
        Ok(()) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the graph database does not answer");
            HttpResponse::InternalServerError().json(json!({ "message": "Unhealthy" }))
        }
    }
}

async fn version(sheepdog: web::Data<Sheepdog>) -> Result<HttpResponse, Error> {
    let setting = |key| sheepdog.dictionary.settings.get(key).cloned().unwrap_or(Value::from("Unknown"));
    Ok(HttpResponse::Ok().json(json!({
        "version": sheepdog.config.version,
        "commit": sheepdog.config.commit,
        "dictionary": {
            "version": setting("_dict_version"),
            "commit": setting("_dict_commit"),
            "digest": sheepdog.dictionary.digest,
        },
    })))
}
