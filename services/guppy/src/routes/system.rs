//! `/_status`, `/_version` and `/_refresh`.

use actix_web::{HttpRequest, HttpResponse, http::Method, web::Data};
use serde_json::json;

use super::request::caller;
use crate::{
    error::{Error, JSON},
    service::Guppy,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::GET, "/_status", status);
    routes.endpoint(Method::GET, "/_version", version);
    routes.endpoint(Method::POST, "/_refresh", refresh);
}

async fn status(guppy: Data<Guppy>) -> Result<HttpResponse, Error> {
    let status = guppy.status().await?;
    Ok(HttpResponse::Ok().content_type(JSON).body(status.to_string()))
}

async fn version(guppy: Data<Guppy>) -> HttpResponse {
    let version = json!({ "version": guppy.config.version, "commit": guppy.config.commit });
    HttpResponse::Ok().content_type(JSON).body(version.to_string())
}

async fn refresh(guppy: Data<Guppy>, request: HttpRequest) -> Result<HttpResponse, Error> {
    guppy.refresh_for(&caller(&request)).await?;
    Ok(HttpResponse::Ok().content_type(JSON).body("[Refresh] guppy refreshed successfully"))
}
