//! From an uploaded object to a filled index record: size, hashes and location.
//!
//! The original does it with a notice from the bucket to a queue, a dispatcher, and a Kubernetes job for each
//! file. Here it is a task in the process. Both have the same seam: an [`UploadSource`] tells of objects, an
//! [`Indexer`] deals with one. [`StoreSource`] is the source for a store in the same process; a queue can be
//! another.
//!
//! After a crash nothing is lost: a store source first looks through its bucket for objects whose records are
//! still blank, and does so again from time to time. [`QueueSource`] is the source for stores elsewhere: what
//! is or will be uploaded stands in a table of fence's database until its record is filled, and several
//! processes share the work.

mod digests;
mod indexer;
mod pace;
mod queue;
mod scan;
mod source;

use std::{collections::HashMap, error::Error, sync::Arc, time::Duration};

use dataaccess::UploadProgress;
use indexclient::IndexClient;
use storage::{Location, ObjectStore};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{Id, JoinError, JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

pub use indexer::{Indexer, IndexingError, Outcome};
pub use queue::QueueSource;
pub use scan::{Counts, Doing, Scan, Seen};
pub use source::{Settlement, StoreSource, UploadSource};

/// Files that are read at the same time.
const AT_ONCE: usize = 4;
/// Files that wait for another try, for each that is read: they keep nobody else waiting.
const WAITING: usize = 16;
/// Waits between tries for one file, a minute and a half in all; afterwards it is left to the next look
/// through the bucket. None is long: what fails is mostly the database, and whoever uploaded waits for their
/// file when it is back.
const WAITS: [Duration; 9] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
];

/// The running task that fills records.
#[derive(Debug)]
pub struct UploadIndexing {
    stopping: CancellationToken,
    task: JoinHandle<()>,
    /// What tells the source of uploads.
    beside: Vec<JoinHandle<()>>,
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

    /// As [`UploadIndexing::start`], and tells `progress` how far each upload is.
    pub fn start_telling(
        index: Arc<dyn IndexClient>,
        store: Arc<dyn ObjectStore>,
        bucket: &str,
        completed: mpsc::Receiver<Location>,
        progress: Arc<dyn UploadProgress>,
    ) -> Self {
        let source = StoreSource::new(index.clone(), store.clone(), bucket, completed);
        Self::start_with(Indexer::new(index, store).telling(progress), source)
    }

    /// Deals with whatever `source` tells of.
    pub fn start_with(indexer: Indexer, source: impl UploadSource + 'static) -> Self {
        Self::start_at_once(indexer, source, AT_ONCE)
    }

    /// The same, with up to `at_once` objects at the same time.
    pub fn start_at_once(indexer: Indexer, source: impl UploadSource + 'static, at_once: usize) -> Self {
        let stopping = CancellationToken::new();
        let task = tokio::spawn(run(Arc::new(indexer), source, at_once, stopping.clone()));
        Self { stopping, task, beside: Vec::new() }
    }

    /// The same, beside which a task runs until the token that `task` is given says that it should end.
    #[must_use]
    pub(crate) fn beside<F>(mut self, task: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.beside.push(tokio::spawn(task(self.stopping.clone())));
        self
    }

    /// Whether it still works. It never ends on its own unless it is broken.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished() && !self.beside.iter().any(JoinHandle::is_finished)
    }

    /// Stops. A file that is being read is read again at the next start.
    pub async fn stop(self) {
        self.stopping.cancel();
        for task in self.beside.into_iter().chain([self.task]) {
            if let Err(error) = task.await {
                let error = &error as &dyn Error;
                tracing::error!(error, "the indexing of uploads ended abnormally");
            }
        }
    }
}

async fn run(
    indexer: Arc<Indexer>,
    mut source: impl UploadSource,
    at_once: usize,
    stopping: CancellationToken,
) {
    let mut running: JoinSet<Settlement> = JoinSet::new();
    let mut under_way: HashMap<Id, Location> = HashMap::new();
    let turns = Arc::new(Semaphore::new(at_once));
    loop {
        let next = async {
            let turn = turns.clone().acquire_owned().await.expect("nobody closes it");
            source.next().await.map(|location| (location, turn))
        };
        tokio::select! {
            () = stopping.cancelled() => break,
            Some(finished) = running.join_next_with_id() => {
                settle(&mut source, &mut under_way, finished).await;
            }
            told = next, if running.len() < at_once * WAITING => {
                let Some((location, turn)) = told else { return drain(running, under_way, source).await };
                // The same object is not read twice at the same time.
                if !under_way.values().any(|other| *other == location) {
                    let task = index_patiently(indexer.clone(), location.clone(), turns.clone(), turn);
                    let task = running.spawn(task);
                    under_way.insert(task.id(), location);
                }
            }
        }
    }
    running.shutdown().await;
    source.leave().await;
}

/// Finishes what is under way after the source has ended.
async fn drain(
    mut running: JoinSet<Settlement>,
    mut under_way: HashMap<Id, Location>,
    mut source: impl UploadSource,
) {
    while let Some(finished) = running.join_next_with_id().await {
        settle(&mut source, &mut under_way, finished).await;
    }
}

async fn settle(
    source: &mut impl UploadSource,
    under_way: &mut HashMap<Id, Location>,
    finished: Result<(Id, Settlement), JoinError>,
) {
    let (task, settlement) = match finished {
        Ok(finished) => finished,
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "the indexing of an upload ended abnormally");
            (error.id(), Settlement::GivenUp)
        }
    };
    if let Some(location) = under_way.remove(&task) {
        source.settle(&location, settlement).await;
    }
}

/// Tries until it is done or hopeless, each time when it has a turn.
async fn index_patiently(
    indexer: Arc<Indexer>,
    location: Location,
    turns: Arc<Semaphore>,
    mut turn: OwnedSemaphorePermit,
) -> Settlement {
    let bucket = location.bucket();
    let mut waits = WAITS.iter();
    loop {
        let tried = indexer.index(&location).await;
        drop(turn);
        let error = match tried {
            Ok(Outcome::Filled { guid, size }) => {
                tracing::info!(file.guid = guid, file.bytes = size, "an upload is indexed");
                return Settlement::Done;
            }
            Ok(Outcome::Gone) => return Settlement::Absent,
            Ok(outcome) => {
                tracing::debug!(outcome = ?outcome, "an object needs no indexing");
                return Settlement::Done;
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
                turn = turns.clone().acquire_owned().await.expect("nobody closes them");
            }
            _ => {
                tracing::error!(
                    bucket,
                    key = location.key(),
                    error = &error as &dyn Error,
                    "an upload cannot be indexed"
                );
                indexer.tell_failed(&location).await;
                return Settlement::GivenUp;
            }
        }
    }
}
