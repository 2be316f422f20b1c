//! The service and what it depends on.

use std::sync::{Arc, atomic::AtomicU32};

use authz::Authz;
use database::Gathered;
use sqlx::PgPool;
use tokio::sync::OnceCell;

use crate::{
    Config, Error, Layout,
    buckets::{Buckets, HttpBuckets, RegionCache},
    bulk_places::BulkPlaces,
    dist::Dist,
    marks::PageMarks,
    store::gathered::{ByDid, ByPlace},
};

/// The file index: its configuration and what it depends on.
pub struct Indexd {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    /// Records by their dids, in the multi-table layout.
    pub(crate) reader: Gathered<ByDid>,
    /// The dids of the records that name a place, in the multi-table layout.
    pub(crate) naming: Gathered<ByPlace>,
    layout: OnceCell<Layout>,
    pub(crate) arborist: Option<Arc<dyn Authz>>,
    pub(crate) dist: Dist,
    pub(crate) regions: RegionCache,
    pub(crate) marks: PageMarks,
    /// How often the counters have changed: see [`Indexd::counted`].
    pub(crate) changes: AtomicU32,
    pub(crate) bulk_places: BulkPlaces,
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
        Arc::new(Self {
            config,
            reader: Gathered::new(pool.clone(), ByDid),
            naming: Gathered::new(pool.clone(), ByPlace),
            pool,
            layout: OnceCell::new(),
            arborist,
            dist,
            regions: RegionCache::new(buckets),
            marks: PageMarks::default(),
            changes: AtomicU32::new(0),
            bulk_places: BulkPlaces::default(),
        })
    }

    /// In which tables the records are. The first caller asks the database; a layout changes only while
    /// nothing serves.
    ///
    /// # Errors
    /// When both layouts have records and nothing says which of them count, or the database fails.
    pub async fn layout(&self) -> Result<Layout, Error> {
        let ask = async || {
            let layout = Layout::recognised(&mut *self.pool.acquire().await?, self.config.layout).await?;
            tracing::info!(index.layout = layout.name(), "the layout of the index is recognised");
            Ok(layout)
        };
        self.layout.get_or_try_init(ask).await.copied()
    }
}
