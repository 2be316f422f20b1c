//! The service, what it is built from, and how it follows the indices.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use authz::Authz;
use graphql::{Schema, SchemaError};
use search::{Engine, Query, Search, SearchError};
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::AbortHandle;

use crate::{
    access::Known,
    config::{Config, Index},
    schema::{self, Catalog, IndexModel, Meaning},
    sets::Sets,
    tickets::Tickets,
    turns::Turns,
};

/// While an index is not there, or the engine is away, it is looked this often.
const LOOK_SOON: Duration = Duration::from_secs(5);

/// The search service.
pub struct Guppy {
    pub(crate) config: Config,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) authz: Arc<dyn Authz>,
    /// What arborist has just said.
    pub(crate) known: Known,
    /// Downloads that were asked for.
    pub(crate) tickets: Tickets,
    /// Who may search now.
    pub(crate) turns: Turns,
    /// Where sets are, if there is a database for them.
    pub(crate) sets: Option<Sets>,
    served: ArcSwap<Served>,
    /// The task that looks whether mappings have changed.
    watch: Mutex<Option<AbortHandle>>,
}

/// What is served: it is replaced as a whole.
pub(crate) struct Served {
    pub(crate) catalog: Catalog,
    pub(crate) schema: Schema<Meaning>,
}

/// Why mappings cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The engine does not say them.
    #[error("the search engine does not tell the mappings")]
    Engine(#[from] SearchError),
    /// They make no schema.
    #[error("the mappings make no schema: {0}")]
    Schema(#[from] SchemaError),
}

impl Served {
    fn new(catalog: Catalog) -> Result<Self, SchemaError> {
        Ok(Self { schema: schema::build(&catalog)?, catalog })
    }

    fn is_whole(&self) -> bool {
        self.catalog.indices.iter().all(|index| index.exists)
    }
}

impl Guppy {
    /// The service over the indices of an engine. Until [`refresh`](Guppy::refresh) they count as absent; an
    /// absent index is an empty answer.
    ///
    /// # Errors
    /// The name of a document type is that of another type of the schema.
    pub fn build(
        config: Config,
        engine: Arc<dyn Engine>,
        authz: Arc<dyn Authz>,
    ) -> Result<Arc<Self>, SchemaError> {
        Self::build_keeping(config, engine, authz, None)
    }

    /// As [`build`](Guppy::build), with a database for sets that [`migrate`](crate::migrate) has prepared.
    ///
    /// # Errors
    /// As [`build`](Guppy::build).
    pub fn build_keeping(
        config: Config,
        engine: Arc<dyn Engine>,
        authz: Arc<dyn Authz>,
        database: Option<PgPool>,
    ) -> Result<Arc<Self>, SchemaError> {
        let indices = config.indices.iter().map(IndexModel::absent).collect();
        let served = ArcSwap::from_pointee(Served::new(Catalog { indices })?);
        let (known, tickets, turns) = (Known::default(), Tickets::default(), Turns::new(engine.places()));
        let (sets, watch) = (database.map(Sets::new), Mutex::default());
        Ok(Arc::new(Self { config, engine, authz, known, tickets, turns, sets, served, watch }))
    }

    /// Looks from now on whether mappings have changed, until the service is dropped. The first look is at
    /// once.
    pub fn watch(self: &Arc<Self>) {
        let watching = tokio::spawn(follow(Arc::downgrade(self)));
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = watch.replace(watching.abort_handle()) {
            before.abort();
        }
    }

    /// Reads all mappings, and serves them from now on.
    ///
    /// # Errors
    /// [`RefreshError`]; what was served before goes on.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        let arrays = self.arrays().await?;
        let mut indices = Vec::with_capacity(self.config.indices.len());
        for index in &self.config.indices {
            let of_index = arrays.iter().find(|(name, _)| *name == index.index).map(|(_, list)| &list[..]);
            indices.push(self.model(index, of_index).await?);
        }
        let catalog = Catalog { indices };
        if self.served.load().catalog != catalog {
            let absent: Vec<&str> = catalog
                .indices
                .iter()
                .filter(|index| !index.exists)
                .map(|index| index.name.as_str())
                .collect();
            if absent.is_empty() {
                tracing::info!(index.count = catalog.indices.len(), "serving these mappings");
            } else {
                tracing::warn!(index.absent = ?absent, "indices that are not there are served as empty");
            }
            self.served.store(Arc::new(Served::new(catalog)?));
        }
        Ok(())
    }

    async fn model(&self, index: &Index, arrays: Option<&[String]>) -> Result<IndexModel, SearchError> {
        match self.engine.mapping(&index.index).await {
            Ok(mapping) => Ok(IndexModel::new(index, &mapping, arrays)),
            Err(SearchError::NoIndex(_)) => Ok(IndexModel::absent(index)),
            Err(error) => Err(error),
        }
    }

    /// Which fields of which index are lists.
    async fn arrays(&self) -> Result<Vec<(String, Vec<String>)>, SearchError> {
        let Some(index) = &self.config.config_index else { return Ok(Vec::new()) };
        let names: Vec<String> = self.config.indices.iter().map(|index| index.index.clone()).collect();
        let size = names.len() as u64;
        let found = match self.engine.search(index, &Search { size, ..Search::new(Query::Ids(names)) }).await
        {
            Ok(found) => found,
            Err(SearchError::NoIndex(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let list = |value: &Value| -> Vec<String> {
            let items = value.as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let arrays = found.hits.iter().map(|hit| (hit.id.clone(), hit.source.get("array").map(list)));
        Ok(arrays.map(|(id, fields)| (id, fields.unwrap_or_default())).collect())
    }

    /// What is served now.
    pub(crate) fn served(&self) -> Arc<Served> {
        self.served.load_full()
    }
}

impl Drop for Guppy {
    fn drop(&mut self) {
        let watch = self.watch.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = watch.take() {
            watch.abort();
        }
    }
}

/// Looks again and again. What fails is said once, until it works again.
async fn follow(guppy: Weak<Guppy>) {
    let mut has_failed = false;
    while let Some(guppy) = guppy.upgrade() {
        let refreshed = guppy.refresh().await;
        if let Err(error) = &refreshed
            && !has_failed
        {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "mappings cannot be read; it is tried again");
        }
        has_failed = refreshed.is_err();
        let is_whole = !has_failed && guppy.served().is_whole();
        let pause = if is_whole { guppy.config.look } else { guppy.config.look.min(LOOK_SOON) };
        drop(guppy);
        tokio::time::sleep(pause).await;
    }
}
