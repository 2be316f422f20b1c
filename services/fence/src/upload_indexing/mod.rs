//! From an uploaded object to a filled index record: size, hashes and location.
//!
//! The original does it with a notice from the bucket to a queue, a dispatcher, and a Kubernetes job for each
//! file. Here it is a task in the process. Both have the same seam: an [`UploadSource`] tells of objects, an
//! [`Indexer`] deals with one. [`StoreSource`] is the source for a store in the same process; a queue can be
//! another.
//!
//! After a crash nothing is lost: a store source first looks through its bucket for objects whose records are
//! still blank, and does so again from time to time.

mod digests;
mod indexer;
mod source;

use std::{collections::HashSet, error::Error, sync::Arc, time::Duration};

use indexclient::IndexClient;
use storage::{Location, ObjectStore};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

pub use indexer::{Indexer, IndexingError, Outcome};
pub use source::{Settlement, StoreSource, UploadSource};

/// Files that are read at the same time.
const AT_ONCE: usize = 4;
/// Waits between tries for one file; afterwards it is left to the next look through the bucket.
const WAITS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// The running task that fills records.
#[derive(Debug)]
pub struct UploadIndexing {
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl UploadIndexing {
    /// Fills the records of what is uploaded into `bucket` of `store`. `completed` are the store's notices.
    pub fn start(
        index: Arc<dyn IndexClient>,
        store: Arc<dyn ObjectStore>,
        bucket: &str,
        completed: mpsc::Receiver<Location>,
    ) -> Self {
        let source = StoreSource::new(index.clone(), store.clone(), bucket, completed);
        Self::start_with(Indexer::new(index, store), source)
    }

    /// Deals with whatever `source` tells of.
    pub fn start_with(indexer: Indexer, source: impl UploadSource + 'static) -> Self {
        let stopping = CancellationToken::new();
        let task = tokio::spawn(run(Arc::new(indexer), source, stopping.clone()));
        Self { stopping, task }
    }

    /// Whether it still works. It never ends on its own unless it is broken.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    /// Stops. A file that is being read is read again at the next start.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.task.await {
            let error = &error as &dyn Error;
            tracing::error!(error, "the indexing of uploads ended abnormally");
        }
    }
}

async fn run(indexer: Arc<Indexer>, mut source: impl UploadSource, stopping: CancellationToken) {
    let mut running: JoinSet<(Location, Settlement)> = JoinSet::new();
    let mut under_way: HashSet<Location> = HashSet::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            Some(finished) = running.join_next() => match finished {
                Ok((location, settlement)) => {
                    under_way.remove(&location);
                    source.settle(&location, settlement).await;
                }
                Err(error) => {
                    // Which file it was is not known any more; forgetting all allows each to be told of
                    // again.
                    under_way.clear();
                    let error = &error as &dyn Error;
                    tracing::error!(error, "the indexing of an upload ended abnormally");
                }
            },
            told = source.next(), if running.len() < AT_ONCE => {
                let Some(location) = told else { return drain(running, source).await };
                if under_way.insert(location.clone()) {
                    running.spawn(index_patiently(indexer.clone(), location));
                }
            }
        }
    }
}

/// Finishes what is under way after the source has ended.
async fn drain(mut running: JoinSet<(Location, Settlement)>, mut source: impl UploadSource) {
    while let Some(finished) = running.join_next().await {
        if let Ok((location, settlement)) = finished {
            source.settle(&location, settlement).await;
        }
    }
}

/// Tries until it is done or hopeless.
async fn index_patiently(indexer: Arc<Indexer>, location: Location) -> (Location, Settlement) {
    let bucket = location.bucket();
    let mut waits = WAITS.iter();
    loop {
        let error = match indexer.index(&location).await {
            Ok(Outcome::Filled { guid, size }) => {
                tracing::info!(file.guid = guid, file.bytes = size, "an upload is indexed");
                return (location, Settlement::Done);
            }
            Ok(outcome) => {
                tracing::debug!(outcome = ?outcome, "an object needs no indexing");
                return (location, Settlement::Done);
            }
            Err(error) => error,
        };
        match waits.next() {
            Some(wait) if error.is_temporary() => {
                tracing::info!(
                    bucket,
                    error = &error as &dyn Error,
                    wait_ms = wait.as_millis(),
                    "indexing of an upload failed, trying again"
                );
                tokio::time::sleep(*wait).await;
            }
            _ => {
                let error = &error as &dyn Error;
                tracing::error!(bucket, key = location.key(), error, "an upload cannot be indexed");
                return (location, Settlement::GivenUp);
            }
        }
    }
}
