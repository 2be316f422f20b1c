//! HTTP.

mod graphql;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::Deserialize;
use serde_json::json;

use crate::Guppy;

pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/_status", web::get().to(status))
        .route("/_version", web::get().to(version))
        .route("/_refresh", web::post().to(refresh))
        .route("/graphql", web::post().to(graphql::post))
        .route("/download", web::post().to(download));
}

/// No index exists, so there is no concrete name to list.
async fn status() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "statusCode": 200, "warnings": null, "indices": {} }))
}

async fn version(guppy: web::Data<Guppy>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": guppy.config.version, "commit": guppy.config.commit }))
}

async fn refresh() -> HttpResponse {
    text(HttpResponse::NotFound(), "[Refresh] guppy _refresh functionality is not enabled")
}

#[derive(Deserialize)]
struct Download {
    #[serde(rename = "type")]
    doc_type: Option<String>,
}

/// All documents of an index.
async fn download(guppy: web::Data<Guppy>, body: web::Bytes) -> HttpResponse {
    let Ok(wanted) = serde_json::from_slice::<Download>(&body) else {
        return text(HttpResponse::BadRequest(), "the body is not a JSON object with a type");
    };
    let doc_type = wanted.doc_type.unwrap_or_default();
    if guppy.config.indices.iter().any(|index| index.doc_type == doc_type) {
        HttpResponse::Ok().json(json!([]))
    } else {
        text(HttpResponse::BadRequest(), &format!("Invalid es type: \"{doc_type}\""))
    }
}

pub(crate) async fn not_found(req: HttpRequest) -> HttpResponse {
    let message = format!("Cannot {} {}", req.method(), req.path());
    text(HttpResponse::NotFound(), &message)
}

fn text(mut builder: actix_web::HttpResponseBuilder, message: &str) -> HttpResponse {
    builder.insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(message.to_owned())
}
