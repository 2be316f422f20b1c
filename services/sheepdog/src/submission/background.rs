//! Submissions that go on after their answer.

use std::sync::Arc;

use serde_json::json;

use super::{body::Submission, intake::Documents, run};
use crate::{
    Error, Sheepdog,
    answer::json::{Answer, written},
    runtime::memory::Need,
};

/// Takes a submission on; its transaction's log tells how it ended.
///
/// # Errors
/// [`Error::Busy`] when too many wait, or too much.
pub(super) async fn start(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    documents: Documents,
    need: Need,
) -> Result<Answer, Error> {
    let queued = sheepdog.queue.enter(submission.body.spool.len())?;
    let opened = run::open(sheepdog, &submission).await?;
    let id = opened.id;
    let sheepdog = sheepdog.clone();
    sheepdog.workers.clone().handle()?.spawn(async move {
        let _turn = queued.turn().await;
        let _taken = sheepdog.memory.take_sometime(need).await;
        if let Err(error) = run::run_opened(&sheepdog, submission, documents, opened).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(transaction.id = id.0, error, "a submission in the background failed");
        }
    });
    written(&json!({ "code": 200, "message": "Transaction submitted.", "transaction_id": id }))
}
