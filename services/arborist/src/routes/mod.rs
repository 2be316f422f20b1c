//! Routes, one file for each kind of thing.

mod answer;
mod auth;
mod body;
mod client;
mod explain;
mod group;
mod headers;
mod health;
mod paths;
mod policy;
mod resource;
mod role;
mod standing;
mod timed;
mod user;

use std::sync::Arc;

use ::web::{Endpoint, Routes};
use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{self, Data, PathConfig, ServiceConfig},
};

use crate::{Arborist, Error};

/// Registers all routes. A known path with another method is 405 without a body.
pub(crate) fn configure(arborist: Arc<Arborist>, config: &mut ServiceConfig) {
    let not_allowed = || HttpResponse::MethodNotAllowed().finish();
    let scope = web::scope("")
        .wrap(from_fn(paths::clean))
        .app_data(Data::from(arborist))
        .app_data(PathConfig::default().error_handler(paths::unreadable))
        .configure(|config| ::web::register(config, not_allowed, routes))
        .default_service(web::to(unknown));
    config.service(scope);
}

/// Returns all endpoints, for tests and tools.
pub fn endpoints() -> Vec<Endpoint> {
    ::web::endpoints(routes)
}

fn routes(routes: &mut Routes<'_>) {
    health::routes(routes);
    auth::routes(routes);
    explain::routes(routes);
    policy::routes(routes);
    resource::routes(routes);
    role::routes(routes);
    user::routes(routes);
    group::routes(routes);
    client::routes(routes);
    standing::routes(routes);
    timed::routes(routes);
}

async fn unknown() -> Result<HttpResponse, Error> {
    Err(Error::NotFound("not found".into()))
}
