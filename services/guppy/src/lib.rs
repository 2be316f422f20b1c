//! guppy: flat, faceted reads of search indices (guppy 0.20).
//!
//! No search engine is attached yet, so every configured index is absent, and an absent index is an empty
//! answer: rows are an empty list, counts are 0, mappings have no fields. The wire forms are those of the
//! original.

mod config;
mod depth;
mod error;
mod routes;
mod schema;
mod service;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{Data, PayloadConfig, ServiceConfig, scope, to},
};
use async_trait::async_trait;

pub use config::{Config, Index};
pub use service::Guppy;

/// Largest request body, as in the original.
const BODY_LIMIT: usize = 50 << 20;

impl Guppy {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Guppy {
    fn name(&self) -> &'static str {
        "guppy"
    }

    fn configure(self: Arc<Self>, cfg: &mut ServiceConfig) {
        let not_allowed = || HttpResponse::MethodNotAllowed().finish();
        cfg.service(
            scope("")
                .wrap(from_fn(web::trim_trailing_slash))
                .app_data(Data::from(self))
                .app_data(PayloadConfig::new(BODY_LIMIT))
                .configure(|cfg| web::register(cfg, not_allowed, routes::routes))
                .default_service(to(routes::not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
