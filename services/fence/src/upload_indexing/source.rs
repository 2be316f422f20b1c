//! What tells of uploaded objects.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use indexclient::IndexClient;
use storage::{Bucket, Listed, Location, ObjectStore};
use tokio::{sync::mpsc, task::JoinHandle};

use super::indexer::is_blank;
use crate::files::guid_of_key;

/// How often the bucket is looked through for objects that were missed or given up.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// After a look that failed the next one comes sooner.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Objects found by a look and not taken yet.
const FOUND_AHEAD: usize = 64;

/// What has become of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It needs no more work.
    Done,
    /// There is no such object, or not yet.
    Absent,
    /// It could not be dealt with for now.
    GivenUp,
}

/// Tells of uploaded objects, at least once each. A message queue can implement it as well as a store.
#[async_trait]
pub trait UploadSource: Send {
    /// Waits for the next object; `None` means that there will be no more. May be dropped and called again
    /// without losing an object.
    async fn next(&mut self) -> Option<Location>;

    /// Is told what has become of an object. A queue deletes its message, or lets it come again.
    async fn settle(&mut self, location: &Location, settlement: Settlement);

    /// Is told that nothing more will be settled: a queue gives back what it has told of.
    async fn leave(&mut self) {}
}

/// The source for a store in the same process: its notices, and looks through its bucket.
#[derive(Debug)]
pub struct StoreSource {
    bucket: String,
    completed: mpsc::Receiver<Location>,
    found: mpsc::Receiver<Location>,
    looking: JoinHandle<()>,
}

impl StoreSource {
    /// Tells of `completed` in `bucket`, and of objects there whose records are blank. Needs a tokio runtime.
    pub fn new(
        index: Arc<dyn IndexClient>,
        store: Arc<dyn ObjectStore>,
        bucket: &str,
        completed: mpsc::Receiver<Location>,
    ) -> Self {
        let (sender, found) = mpsc::channel(FOUND_AHEAD);
        let bucket = bucket.to_owned();
        let own = bucket.clone();
        let looking = tokio::spawn(async move {
            loop {
                // A panic costs this look; it is logged where it happens. Each look begins anew, so nothing
                // of the broken one is seen again.
                let looked = AssertUnwindSafe(look_through(&*index, &*store, &bucket, &sender));
                let wait = match looked.catch_unwind().await {
                    Ok(Ok(())) => LOOK_EVERY,
                    Err(_) => LOOK_AGAIN,
                    Ok(Err(error)) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(bucket, error, "the bucket of uploads cannot be looked through");
                        LOOK_AGAIN
                    }
                };
                tokio::time::sleep(wait).await;
            }
        });
        Self { bucket: own, completed, found, looking }
    }
}

impl Drop for StoreSource {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

#[async_trait]
impl UploadSource for StoreSource {
    async fn next(&mut self) -> Option<Location> {
        loop {
            // New uploads first: somebody is waiting for them.
            let told = tokio::select! {
                biased;
                Some(location) = self.completed.recv() => Some(location),
                found = self.found.recv() => found,
            };
            // The store tells of its other buckets too.
            if told.as_ref().is_none_or(|location| location.bucket() == self.bucket) {
                return told;
            }
        }
    }

    async fn settle(&mut self, _: &Location, _: Settlement) {}
}

/// Sends every object whose record is blank, page by page.
async fn look_through(
    index: &dyn IndexClient,
    store: &dyn ObjectStore,
    bucket: &str,
    found: &mpsc::Sender<Location>,
) -> Result<(), super::IndexingError> {
    let all = Bucket::s3(bucket);
    let mut next = None;
    loop {
        let page = store.list(&all, "", next.as_deref()).await?;
        let objects: Vec<(String, Location)> = page
            .objects
            .into_iter()
            .filter_map(|Listed { key, .. }| {
                let guid = guid_of_key(&key)?.to_owned();
                Some((guid, Location::new(bucket, key).ok()?))
            })
            .collect();
        let guids: Vec<String> = objects.iter().map(|(guid, _)| guid.clone()).collect();
        let records = index.get_many(&guids).await?;
        let blank: HashSet<&str> =
            records.iter().filter(|record| is_blank(record)).map(|record| record.did.as_str()).collect();
        for (_, location) in objects.into_iter().filter(|(guid, _)| blank.contains(guid.as_str())) {
            if found.send(location).await.is_err() {
                return Ok(());
            }
        }
        next = match page.next {
            Some(token) => Some(token),
            None => return Ok(()),
        };
    }
}
