//! indexd: the file index of the commons.
//!
//! A record says where a file's bytes are (`urls`), how they can be checked (`size`, `hashes`) and which
//! resources guard them (`authz`). Records are named by GUIDs; versions share a `baseid`. The same records are
//! served as GA4GH DRS objects. Routes, bodies and tables are those of uc-cdis/indexd 6.3.0 with its default
//! ("multi-table") layout; an existing database is adopted in place.
//!
//! Layers: `routes` (HTTP) call methods of [`Indexd`] (`actions`: checks, permission, transaction), which call
//! `store` (SQL). Other services use [`Indexd`] in the same process through [`indexclient::IndexClient`].

mod actions;
mod auth;
mod buckets;
mod client;
mod config;
mod dates;
mod dist;
mod document;
mod drs;
mod error;
mod guid;
mod hashes;
mod input;
mod migrate;
mod python_json;
mod query;
mod routes;
mod store;
pub mod users;

pub use buckets::Buckets;
pub use config::{CloudProviders, Config, ConfigError, DistEntry, IndexConfig};
pub use drs::{AuthorizationPolicy, PathAuthorization, SupportedType};
pub use error::{Error, Ga4ghError};
pub use migrate::{migrate, reconcile_stats};

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use authz::Authz;
use sqlx::PgPool;

use crate::{
    auth::{Claimant, Permit},
    buckets::{HttpBuckets, RegionCache},
    dist::Dist,
};

/// The file index: its configuration and what it depends on.
pub struct Indexd {
    config: Config,
    pool: PgPool,
    arborist: Option<Arc<dyn Authz>>,
    dist: Dist,
    regions: RegionCache,
}

impl Indexd {
    /// Builds the service on a migrated database. Without `arborist` only basic logins can write. Regions of
    /// buckets are asked of fence over HTTP.
    pub fn build(config: Config, pool: PgPool, arborist: Option<Arc<dyn Authz>>) -> Arc<Self> {
        let buckets = Arc::new(HttpBuckets::new(&config.fence_url));
        Self::build_with_buckets(config, pool, arborist, buckets)
    }

    /// As [`Indexd::build`], with another place to ask for the regions of buckets.
    pub fn build_with_buckets(
        config: Config,
        pool: PgPool,
        arborist: Option<Arc<dyn Authz>>,
        buckets: Arc<dyn Buckets>,
    ) -> Arc<Self> {
        let dist = Dist::new(&config.dist);
        Arc::new(Self { config, pool, arborist, dist, regions: RegionCache::new(buckets) })
    }

    async fn permit(&self, who: &Claimant, method: &str, resources: &[String]) -> Result<Permit, Error> {
        auth::permit(&self.pool, self.arborist.as_deref(), who, method, resources).await
    }
}

#[async_trait]
impl ::web::Service for Indexd {
    fn name(&self) -> &'static str {
        "indexd"
    }

    fn configure(self: Arc<Self>, cfg: &mut ServiceConfig) {
        routes::configure(self, cfg);
    }

    async fn ready(&self) -> Result<(), String> {
        let answer = sqlx::query("select 1 from index_record limit 0").execute(&self.pool).await;
        answer.map(drop).map_err(|error| format!("the index database does not answer: {error}"))
    }
}
