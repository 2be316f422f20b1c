//! portal: web pages of a commons, at the paths where Gen3's data portal has them. The query page at
//! `/query` is GraphiQL on the graph and the flat model, with example queries that are made of the data
//! dictionary; the others are one application, `web/`, which `make portal` makes and the build puts into the
//! program.
//!
//! Everything that a page needs is in the program, so it works in a commons without a way to the internet.

mod assets;
mod boot;
mod config;
mod delivery;
mod error;
mod page;
mod pages;
mod paths;
mod routes;
mod service;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{Data, ServiceConfig, scope, to},
};
use async_trait::async_trait;

pub use service::{Config, DictionarySource, Portal};

impl Portal {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Portal {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn configure(self: Arc<Self>, cfg: &mut ServiceConfig) {
        let not_allowed = || HttpResponse::MethodNotAllowed().finish();
        cfg.service(
            scope("")
                .wrap(from_fn(web::trim_trailing_slash))
                .app_data(Data::from(self))
                .configure(|cfg| web::register(cfg, not_allowed, routes::routes))
                .default_service(to(routes::page_or_nothing)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
