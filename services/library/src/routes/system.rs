//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use chrono::Utc;
use serde_json::json;

use crate::{error::Error, service::Library};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

/// The original answers 201.
async fn status(library: Data<Library>) -> Result<HttpResponse, Error> {
    library.ping().await?;
    let seconds =
        std::time::Duration::from_micros(Utc::now().timestamp_micros().unsigned_abs()).as_secs_f64();
    Ok(HttpResponse::Created().json(json!({ "status": "OK", "timestamp": seconds })))
}

async fn version(library: Data<Library>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": library.config.version }))
}
