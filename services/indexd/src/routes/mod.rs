//! Routes: what a request means, and which action answers it.

mod aliases;
mod blank;
mod body;
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

use actix_web::{
    middleware::from_fn,
    web::{self, Data, PayloadConfig, ServiceConfig},
};

use crate::Indexd;

/// No request body is longer than this.
const MAX_BODY: usize = 16 << 20;

/// Registers everything. What is registered first is tried first, so the routes with a literal ending come
/// before those that take any path, and the lookup of any path at all comes last.
pub(crate) fn configure(indexd: Arc<Indexd>, cfg: &mut ServiceConfig) {
    let methods = Data::new(paths::Methods::new());
    let scope = web::scope("")
        .wrap(from_fn(paths::normalize))
        .app_data(Data::from(indexd))
        .app_data(methods)
        .app_data(PayloadConfig::new(MAX_BODY))
        .configure(service::routes)
        .configure(drs::routes)
        .configure(dos::routes)
        .configure(urls::routes)
        .configure(documents::routes)
        .configure(legacy::routes)
        .configure(bundles::routes)
        .configure(blank::routes)
        .configure(aliases::routes)
        .configure(versions::routes)
        .configure(records::routes)
        .configure(lookup::routes)
        .default_service(web::to(paths::unmatched));
    cfg.service(scope);
}
