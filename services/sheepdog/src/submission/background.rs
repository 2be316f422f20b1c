//! Submissions that go on after their answer.

use std::sync::Arc;

use serde_json::json;

use super::{
    body::Submission,
    intake::{self, Documents},
    run,
};
use crate::{
    Error, Sheepdog,
    answer::json::{Answer, written},
    runtime::memory::Need,
    transaction::Opened,
};

/// Takes a submission on, whose documents were found to be readable; its transaction's log tells how it
/// ended.
///
/// # Errors
/// [`Error::Busy`] when too many wait, or too much; [`Error::Crowded`] when there is no memory for what
/// waits.
pub(super) async fn start(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    documents: Documents,
    need: Need,
) -> Result<Answer, Error> {
    // Documents are many times as large as the body, so that one is read again when its turn has come.
    let many = match documents {
        Documents::Whole(_) => None,
        Documents::Many(rows) => Some(rows),
    };
    let queued = sheepdog.queue.enter(submission.body.spool.len())?;
    let waiting = sheepdog.config.memory.try_take(submission.body.spool.memory())?;
    let opened = run::open(sheepdog, &submission).await?;
    let id = opened.id;
    let sheepdog = sheepdog.clone();
    sheepdog.workers.clone().handle()?.spawn(async move {
        let _turn = queued.turn().await;
        let _taken = sheepdog.memory.take_sometime(need).await;
        drop(waiting);
        if let Err(error) = work(&sheepdog, submission, many, opened).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(transaction.id = id.0, error, "a submission in the background failed");
        }
    });
    written(&json!({ "code": 200, "message": "Transaction submitted.", "transaction_id": id }))
}

async fn work(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    many: Option<usize>,
    opened: Opened,
) -> Result<(), Error> {
    let documents = match many {
        Some(rows) => Documents::Many(rows),
        None => intake::examine(sheepdog, &submission.body).await?,
    };
    run::run_opened(sheepdog, submission, documents, opened).await.map(drop)
}
