//! arborist: who may do what to which resource.
//!
//! Resources form a tree. A *role* is a set of permissions, each a (service, method) pair; a *policy* puts
//! roles on resources and all below them; users, groups and OAuth clients are granted policies. A request is
//! permitted when some policy of the subject covers the asked resource, or one above it, with a matching
//! permission. There is no denial, and nothing is inherited upwards.
//!
//! The routes and the tables are those of the Go program of the same name, so that it can be replaced in
//! place. As with that program, **the administrative routes have no authorisation of their own**: they must
//! be reachable for the other services alone. A gateway exposes only `/auth/proxy`, `/auth/mapping`,
//! `/auth/resources` and, behind a check, `GET /policy`.
//!
//! Layers: `routes` (HTTP) call methods of [`Arborist`] (`actions`: checks and transactions), which call
//! `store` (SQL). [`sync`] brings a user.yaml in, by the same `store`. Pure: `input` (request bodies),
//! `decision` (what is asked on whose behalf), `model` and `path`. Other services use [`Arborist`] in the
//! same process through [`authz::Authz`].

mod actions;
pub mod clients;
mod counting;
mod decision;
mod error;
pub mod explain;
mod historic;
mod index;
mod input;
mod model;
pub mod operator;
mod path;
mod routes;
mod service;
mod store;
pub mod sync;
mod token;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;

use error::Error;
pub use routes::endpoints;
pub use service::{Arborist, Config};
pub use store::migrate::{MigrateError, migrate};

#[async_trait]
impl web::Service for Arborist {
    fn name(&self) -> &'static str {
        "arborist"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        routes::configure(self, config);
    }

    async fn ready(&self) -> Result<(), String> {
        let tables = ["resource", "policy", "usr", "decision_change", "commons_deactivated", "grant_log"];
        database::ready(&self.pool, "arborist's database", &tables).await
    }
}
