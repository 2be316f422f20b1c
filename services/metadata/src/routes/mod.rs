//! Routes at their native paths (metadata-service). What is registered first is tried first, so the paths
//! with a literal ending come before those that take any path.

mod aggregate;
mod aliases;
mod body;
mod documents;
mod indexes;
mod objects;
mod paths;
mod search;
mod system;

use std::sync::Arc;

use ::web::{Endpoint, Routes};
use actix_web::{
    ResponseError as _,
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};

use crate::{error::Error, service::Metadata};

/// Everything that the service answers, for tests and tools.
pub fn endpoints() -> Vec<Endpoint> {
    ::web::endpoints(routes)
}

fn routes(routes: &mut Routes<'_>) {
    system::routes(routes);
    indexes::routes(routes);
    aggregate::routes(routes);
    search::routes(routes);
    aliases::routes(routes);
    documents::routes(routes);
    objects::routes(routes);
}

pub(crate) fn configure(metadata: Arc<Metadata>, config: &mut ServiceConfig) {
    let not_allowed = || Error::MethodNotAllowed.error_response();
    let scope = web::scope("")
        .wrap(from_fn(paths::normalize))
        .app_data(Data::from(metadata))
        .configure(|config| ::web::register(config, not_allowed, routes))
        .default_service(web::to(|| async { Error::NoSuchPath.error_response() }));
    config.service(scope);
}
