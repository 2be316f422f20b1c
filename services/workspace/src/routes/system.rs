//! What the service says of itself.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use super::answers::text;
use crate::{error::Error, service::Workspaces};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
    routes.resource("/_version", |methods| methods.get(version));
}

async fn status(service: Data<Workspaces>) -> Result<HttpResponse, Error> {
    service.ping().await?;
    if let Some(executor) = &service.executor {
        executor.ready().await.map_err(Error::NotNow)?;
    }
    Ok(text("Healthy"))
}

async fn version(service: Data<Workspaces>) -> HttpResponse {
    super::answers::json(&json!({ "commit": service.config.commit, "version": service.config.version }))
}
