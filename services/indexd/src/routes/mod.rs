//! Routes: what a request means, and which action answers it.

mod aliases;
mod blank;
mod body;
mod bulk;
mod bundles;
mod documents;
mod dos;
mod drs;
mod legacy;
mod lookup;
mod paths;
mod records;
mod service;
mod urls;
mod versions;

use std::sync::Arc;

use ::web::{Endpoint, Routes};
use actix_web::{
    http::StatusCode,
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};

use crate::{Indexd, error::page};

/// All endpoints, for tests and tools.
pub fn endpoints() -> Vec<Endpoint> {
    ::web::endpoints(routes)
}

/// Registers everything. What is registered first is tried first, so the routes with a literal ending come
/// before those that take any path, and the lookup of any path at all comes last. A path without the method
/// goes on to the paths after it: `GET /index/blank` is the record `blank`.
fn routes(routes: &mut Routes<'_>) {
    service::routes(routes);
    drs::routes(routes);
    dos::routes(routes);
    urls::routes(routes);
    documents::routes(routes);
    bulk::routes(routes);
    legacy::routes(routes);
    bundles::routes(routes);
    blank::routes(routes);
    aliases::routes(routes);
    versions::routes(routes);
    records::routes(routes);
    lookup::routes(routes);
}

pub(crate) fn configure(indexd: Arc<Indexd>, config: &mut ServiceConfig) {
    let scope = web::scope("")
        .wrap(from_fn(paths::normalize))
        .app_data(Data::from(indexd))
        .app_data(Data::new(paths::Paths::new(endpoints())))
        .configure(|config| ::web::register(config, || page(StatusCode::METHOD_NOT_ALLOWED), routes))
        .default_service(web::to(paths::unmatched));
    config.service(scope);
}
