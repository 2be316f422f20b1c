//! Filling a search engine: whole runs into new indices, which come into the place of the old ones in one
//! step, and following the graph root by root.

mod batches;
mod error;
mod follow;
mod full;
mod lock;
mod names;
mod parts;
mod record;
mod shards;
mod sink;
mod status;
mod survey;
mod target;
mod verify;

use std::{sync::Arc, time::Duration};

use search::{Engine, SearchError};
use sqlx::postgres::PgConnectOptions;

pub use self::{
    error::LoadError,
    follow::Followed,
    full::{Outcome, Reason},
    parts::{Job, Made, Shards},
    record::Record,
    status::{IndexStatus, Status},
    verify::{Difference, Verified},
};
use self::{lock::Lock, parts::Sharding, survey::Found};
use crate::{Etl, Options, Outline};

/// A mapping, the graph that it is run over, and the engine that its documents go to.
#[derive(Debug, Clone)]
pub struct Loader {
    etl: Etl,
    database: PgConnectOptions,
    engine: Arc<dyn Engine>,
    /// How the mapping is run.
    pub options: Options,
    /// How many generations of an index stay that are no longer served.
    pub keep: usize,
    /// How long to wait while another run is at work.
    pub patience: Duration,
    /// In how many parts a run is made, and by whom.
    sharding: Option<Sharding>,
}

impl Loader {
    /// Keeps one old generation, and does not wait for other runs.
    pub fn new(etl: Etl, database: PgConnectOptions, engine: Arc<dyn Engine>, options: Options) -> Self {
        Self { etl, database, engine, options, keep: 1, patience: Duration::ZERO, sharding: None }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// The mapping.
    pub fn etl(&self) -> &Etl {
        &self.etl
    }

    fn outlines(&self) -> Vec<&Outline> {
        self.etl.outlines().collect()
    }

    /// What documents depend on beside the graph.
    fn digest(&self) -> String {
        self.etl.digest_with(&self.options)
    }

    async fn lock(&self) -> Result<Lock, LoadError> {
        let names: Vec<String> = self.outlines().iter().map(|outline| outline.name.clone()).collect();
        Lock::take(&self.database, &names, self.patience).await
    }

    async fn survey(&self) -> Result<Vec<Found>, SearchError> {
        let mut all = Vec::new();
        for outline in self.outlines() {
            all.push(survey::survey(&*self.engine, &outline.name).await?);
        }
        Ok(all)
    }
}
