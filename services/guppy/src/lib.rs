//! guppy: flat, faceted reads of search indices (guppy 0.20).
//!
//! The graph is made of the mappings of the configured indices. A query is parsed and checked by
//! `libs/graphql`, then becomes searches ([`search::Search`]) that an engine answers in one round, or two
//! where the bins of a histogram depend on its values. Nothing is searched without a proof of what the caller
//! may see.

mod access;
mod actions;
mod answer;
mod config;
mod depth;
mod error;
mod filter;
mod lower;
mod members;
mod routes;
mod schema;
mod service;
mod sets;
mod store;
mod tickets;
mod turns;
mod v1;

use std::sync::Arc;

use actix_web::{
    middleware::{DefaultHeaders, from_fn},
    web::{Data, ServiceConfig, scope, to},
};
use async_trait::async_trait;
use futures_util::future::OptionFuture;

pub use actions::CohortError;
pub use config::{Config, ConfigError, Index, Missing, Rights, Tier};
pub use service::{Guppy, RefreshError};
pub use store::migrate::migrate;

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
        cfg.service(
            scope("")
                // Every page may read what everybody may; rights come with a header, not with a cookie.
                .wrap(DefaultHeaders::new().add(("Access-Control-Allow-Origin", "*")))
                .wrap(from_fn(web::trim_trailing_slash))
                .app_data(Data::from(self))
                .configure(|cfg| web::register(cfg, routes::not_allowed, routes::routes))
                .default_service(to(routes::not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// It has nothing to serve without its engine, which is no reason to take other services away that run in
    /// the same process.
    async fn checks(&self) -> Vec<web::Check> {
        let engine = async { self.engine.information().await.map(drop) };
        let engine = async { engine.await.map_err(|_| "the search engine does not answer".to_owned()) };
        let sets = OptionFuture::from(self.sets.as_ref().map(|sets| store::migrate::ready(&sets.pool)));
        let (engine, sets) = tokio::join!(engine, sets);
        let sets = sets.map(|state| web::Check::new("sets", state));
        [web::Check::new("search engine", engine)].into_iter().chain(sets).collect()
    }

    fn may_be_dropped(&self) -> bool {
        // It only reads, and a set is made in one transaction.
        true
    }
}
