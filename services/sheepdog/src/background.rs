//! Submissions that go on after their answer (`?async=true`).

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    Error, Sheepdog,
    answer::{Answer, written},
    submission::{self, Submission},
};

/// So many are worked on at once.
const RUNNING: usize = 8;
/// So many more may wait.
const WAITING: usize = 128;
/// All together may have so many KiB of documents. Small ones are in memory, where they are several times as large.
const KIBIBYTES: usize = 256 << 10;

/// Room for submissions in the background.
pub(crate) struct Background {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    kibibytes: Arc<Semaphore>,
}

impl Default for Background {
    fn default() -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            kibibytes: Arc::new(Semaphore::new(KIBIBYTES)),
        }
    }
}

/// Takes a submission on; its transaction's log tells how it ended.
///
/// # Errors
/// [`Error::Busy`] when too many wait, or too much.
pub(crate) async fn start(sheepdog: &Arc<Sheepdog>, submission: Submission) -> Result<Answer, Error> {
    let admitted = sheepdog.background.admitted.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
    // One that is larger than the limit is taken when nothing else is there.
    let kibibytes = submission.source.body.len().div_ceil(1024).min(KIBIBYTES as u64);
    let kibibytes = u32::try_from(kibibytes).unwrap_or(u32::MAX);
    let memory = sheepdog.background.kibibytes.clone();
    let memory = memory.try_acquire_many_owned(kibibytes).map_err(|_| Error::Busy)?;
    let running = sheepdog.background.running.clone();
    let transaction_id = submission::open_log(sheepdog, &submission).await?;
    let sheepdog = sheepdog.clone();
    sheepdog.workers.clone().handle()?.spawn(async move {
        let _admitted = (admitted, memory);
        let Ok(_running) = running.acquire_owned().await else { return };
        let Ok(_room) = sheepdog.room.take(submission.source.body.len()).await else { return };
        if let Err(error) = submission::run_opened(&sheepdog, submission, transaction_id).await {
            tracing::error!(transaction.id = transaction_id, error = ?error, "a submission in the background failed");
        }
    });
    written(&json!({ "code": 200, "message": "Transaction submitted.", "transaction_id": transaction_id }))
}
