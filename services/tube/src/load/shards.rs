//! Several processes that each make a part of the documents, chosen by the ids of roots, as of one moment.
//!
//! Documents have the same ids whoever makes them, so a part may be made again after it has failed.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::try_join_all;

use super::{
    Loader,
    error::LoadError,
    parts::{Job, Sharding, Shards},
    sink::IndexSink,
    target::Target,
};
use crate::{
    Built, Options, Shard,
    run::{Part, Workshop},
    sink::Moment,
};

/// How often a part is begun.
const TIMES: u32 = 3;

impl Loader {
    /// From now on runs are made in so many parts.
    pub fn shard(&mut self, of: u32, shards: Arc<dyn Shards>) {
        self.sharding = Some(Sharding { of: of.max(1), shards });
    }

    /// Makes a part of a run into indices that are there.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn make(
        &self,
        job: &Job,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<BTreeMap<String, Built>, LoadError> {
        let targets: Vec<Target> = self
            .outlines()
            .into_iter()
            .filter_map(|outline| Some(Target::existing(outline, job.indices.get(&outline.name)?)))
            .collect();
        let mut sink = IndexSink::new(self.engine().clone(), targets);
        let part = Part { shard: Some(job.shard), snapshot: Some(job.snapshot.clone()) };
        let options = self.options.clone();
        Ok(self.etl.run_part(&self.database, options, &part, &mut sink, progress).await?)
    }

    pub(super) async fn fill_sharded(
        &self,
        sharding: &Sharding,
        targets: &[Target],
    ) -> Result<(BTreeMap<String, Built>, Moment), LoadError> {
        // Its connection keeps the moment for the others.
        let options = Options { connections: 1, ..self.options.clone() };
        let shop = Workshop::open(self.etl.program(), &self.database, &options).await?;
        let index = |target: &Target| (target.outline.name.clone(), target.index.clone());
        let indices: BTreeMap<String, String> = targets.iter().map(index).collect();
        let parts = (0..sharding.of).map(|number| {
            let shard = Shard { number, of: sharding.of };
            part(sharding, Job { shard, snapshot: shop.snapshot().to_owned(), indices: indices.clone() })
        });
        let parts = try_join_all(parts).await?;
        let moment = shop.moment().clone();
        shop.close().await;
        let mut all: BTreeMap<String, Built> = BTreeMap::new();
        for (name, built) in parts.into_iter().flatten() {
            let sum = all.entry(name).or_default();
            sum.documents += built.documents;
            for (field, values) in built.misfits {
                *sum.misfits.entry(field).or_default() += values;
            }
        }
        Ok((all, moment))
    }
}

/// A part, which is made again if it fails.
async fn part(sharding: &Sharding, job: Job) -> Result<BTreeMap<String, Built>, LoadError> {
    let mut times = 1;
    loop {
        match sharding.shards.make(&job).await {
            Ok(built) => return Ok(built),
            Err(reason) if times >= TIMES => {
                return Err(LoadError::Shard { number: job.shard.number, reason });
            }
            Err(_) => times += 1,
        }
    }
}
