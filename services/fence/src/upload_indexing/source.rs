//! What tells of uploaded objects.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use indexclient::IndexClient;
use storage::{Bucket, Listed, Location, ObjectStore};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use super::indexer::is_blank;
use crate::files::guid_of_key;

/// How often the bucket is looked through for objects that were missed or given up.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// After a look that failed, and when an object was given up, the next one comes sooner; each further time
/// that something is given up, twice as late.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
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
    given_up: Arc<Notify>,
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
        let given_up = Arc::new(Notify::new());
        let looks = keep_looking(index, store, bucket.to_owned(), sender, given_up.clone());
        Self { bucket: bucket.to_owned(), completed, found, given_up, looking: tokio::spawn(looks) }
    }
}

/// Looks through the bucket again and again.
async fn keep_looking(
    index: Arc<dyn IndexClient>,
    store: Arc<dyn ObjectStore>,
    bucket: String,
    found: mpsc::Sender<Location>,
    given_up: Arc<Notify>,
) {
    let mut soon = LOOK_AGAIN;
    loop {
        // A panic costs this look; it is logged where it happens. Each look begins anew, so nothing
        // of the broken one is seen again.
        let looked = AssertUnwindSafe(look_through(&*index, &*store, &bucket, &found));
        let wait = match looked.catch_unwind().await {
            Ok(Ok(())) => LOOK_EVERY,
            Err(_) => LOOK_AGAIN,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(bucket, error, "the bucket of uploads cannot be looked through");
                LOOK_AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => soon = LOOK_AGAIN,
            () = given_up.notified() => {
                tokio::time::sleep(soon).await;
                soon = (soon * 2).min(LOOK_EVERY);
            }
        }
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

    async fn settle(&mut self, _: &Location, settlement: Settlement) {
        if settlement == Settlement::GivenUp {
            self.given_up.notify_one();
        }
    }
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
