//! arborist: who may do what to which resource.
//!
//! Resources form a tree. A *role* is a set of permissions, each a (service, method) pair; a *policy* puts roles
//! on resources and all below them; users, groups and OAuth clients are granted policies. A request is permitted
//! when some policy of the subject covers the asked resource, or one above it, with a matching permission. There
//! is no denial and nothing is inherited upwards.
//!
//! The routes and the tables are those of the Go program of the same name, so that it can be replaced in place.
//! As with that program, **the administrative routes have no authorisation of their own**: they must be reachable
//! for the other services alone. A gateway exposes only `/auth/proxy`, `/auth/mapping`, `/auth/resources` and,
//! behind a check, `GET /policy`.
//!
//! `decide` answers questions, `routes` speak HTTP, `store` speaks SQL, `sync` brings a user.yaml in.

mod decide;
mod error;
mod http;
mod in_process;
mod json;
mod migrate;
mod model;
mod path;
mod question;
mod routes;
mod store;
pub mod sync;
mod token;

use std::sync::Arc;

use actix_web::{middleware::from_fn, web};
use async_trait::async_trait;
use sqlx::{PgPool, Postgres, Transaction};
use tokens::Verifier;
use tokio::sync::OnceCell;

use error::Error;
pub use migrate::{MigrateError, migrate};

/// Limits on what a request can ask of arborist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Largest body, in bytes.
    pub body_limit: usize,
    /// Most requests in one `POST /auth/request`.
    pub requests_limit: usize,
}

impl Default for Config {
    /// 16 MiB, enough for a tree of some hundred thousand resources, and 10,000 requests at once.
    fn default() -> Self {
        Self { body_limit: 16 * 1024 * 1024, requests_limit: 10_000 }
    }
}

/// The service.
pub struct Arborist {
    config: Config,
    pool: PgPool,
    verifier: Arc<Verifier>,
    label_limit: OnceCell<usize>,
}

impl std::fmt::Debug for Arborist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arborist").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Arborist {
    /// A service on a database that [`migrate`] has prepared. Tokens are accepted when `verifier` has their key,
    /// whoever issued them; a standalone arborist takes [`Verifier::remote`] on its `JWKS_ENDPOINT`.
    pub fn build(config: Config, pool: PgPool, verifier: Arc<Verifier>) -> Arc<Self> {
        Arc::new(Self { config, pool, verifier, label_limit: OnceCell::new() })
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        Ok(self.pool.begin().await?)
    }

    async fn database_answers(&self) -> Result<(), Error> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }
}

#[async_trait]
impl ::web::Service for Arborist {
    fn name(&self) -> &'static str {
        "arborist"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        let scope = web::scope("")
            .wrap(from_fn(http::clean_path))
            .app_data(web::Data::from(self))
            .app_data(web::PathConfig::default().error_handler(http::unreadable_path))
            .configure(routes::configure)
            .default_service(web::to(routes::unknown));
        cfg.service(scope);
    }

    async fn ready(&self) -> Result<(), String> {
        self.database_answers().await.map_err(|_| "arborist's database does not answer".to_owned())
    }
}
