//! `/_status` and `/_version`.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::resource;
use crate::{Error, Sheepdog};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/_status").route(web::get().to(status)));
    cfg.service(resource("/_version").route(web::get().to(version)));
}

async fn status(sheepdog: web::Data<Sheepdog>) -> HttpResponse {
    match sqlx::query("select 1").execute(&sheepdog.pool).await {
        Ok(_) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy"),
        Err(error) => {
            tracing::error!(error = %error, "the graph database does not answer");
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
