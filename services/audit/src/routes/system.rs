//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::{error::Error, service::Audit};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/", |methods| methods.get(status));
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
    routes.resource("/_schema", |methods| methods.get(schema));
}

async fn status(audit: Data<Audit>) -> Result<HttpResponse, Error> {
    audit.ping().await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "OK" })))
}

async fn version(audit: Data<Audit>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": audit.config.version }))
}

/// The fields of posted records; fence reads the versions.
async fn schema() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "login": {
            "version": 2.1,
            "model": {
                "request_url": "str", "status_code": "int", "timestamp": "int", "username": "str",
                "sub": "int", "additional_data": "dict?", "idp": "str", "fence_idp": "str?",
                "shib_idp": "str?", "client_id": "str?", "ip": "str?",
            },
        },
        "presigned_url": {
            "version": 1.1,
            "model": {
                "request_url": "str", "status_code": "int", "timestamp": "int", "username": "str",
                "sub": "int", "additional_data": "dict?", "guid": "str", "resource_paths": "list",
                "action": "str", "protocol": "str",
            },
        },
    }))
}
