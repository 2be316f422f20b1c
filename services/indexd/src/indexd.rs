//! The service and what it depends on.

use std::sync::Arc;

use authz::Authz;
use sqlx::PgPool;

use crate::{
    Config,
    buckets::{Buckets, HttpBuckets, RegionCache},
    dist::Dist,
};

/// The file index: its configuration and what it depends on.
pub struct Indexd {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) arborist: Option<Arc<dyn Authz>>,
    pub(crate) dist: Dist,
    pub(crate) regions: RegionCache,
}

impl Indexd {
    /// Builds the service on a migrated database. Without `arborist` only basic logins can write. fence is
    /// asked over HTTP for the regions of buckets.
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
}
