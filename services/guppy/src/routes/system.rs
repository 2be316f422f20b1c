//! `/_status`, `/_version` and `/_refresh`.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::json;

use crate::{error::Error, service::Guppy};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::GET, "/_status", status);
    routes.endpoint(Method::GET, "/_version", version);
    routes.endpoint(Method::POST, "/_refresh", refresh);
}

/// No index exists, so no name is listed.
async fn status() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "statusCode": 200, "warnings": null, "indices": {} }))
}

async fn version(guppy: Data<Guppy>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": guppy.config.version, "commit": guppy.config.commit }))
}

async fn refresh() -> Result<(), Error> {
    Err(Error::NoRefresh)
}
