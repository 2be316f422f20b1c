//! Routes, a file a resource. Handlers extract, authorise, call, answer.

mod body;
mod credentials;
mod data_delete;
mod data_download;
mod data_upload;
mod discovery;
mod drs;
pub(crate) mod login;
mod multipart;
mod revoke;
mod system;
mod user;

use actix_web::{HttpResponse, Resource, web};

use crate::error::FenceError;

/// Registers all routes.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    system::configure(cfg);
    discovery::configure(cfg);
    login::configure(cfg);
    user::configure(cfg);
    credentials::configure(cfg);
    revoke::configure(cfg);
    data_upload::configure(cfg);
    multipart::configure(cfg);
    data_download::configure(cfg);
    data_delete::configure(cfg);
    drs::configure(cfg);
}

/// A resource that answers 405 to methods which it does not have.
fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn method_not_allowed() -> Result<HttpResponse, FenceError> {
    Err(FenceError::MethodNotAllowed)
}

/// The answer for unknown paths.
pub(crate) async fn not_found() -> Result<HttpResponse, FenceError> {
    Err(FenceError::NotFound("The requested URL was not found on the server.".into()))
}
