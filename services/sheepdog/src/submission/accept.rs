//! The beginning of a submission.

use std::sync::Arc;

use super::{background, body::Submission, intake, run};
use crate::{Error, Sheepdog, runtime::spool::Spool, transaction::require_state};

/// When the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// When the work is done.
    UntilDone,
    /// At once; the transaction log tells how it ended (`?async=true`).
    InBackground,
}

/// Reads the documents and runs the submission, or begins to. The answer is the transaction's, with its
/// status.
///
/// # Errors
/// [`Error::BadRequest`] when the documents cannot be read, or the project does not take any now; `path` is
/// that of the request. [`Error::Crowded`] when there is not enough memory left.
pub(crate) async fn accept(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    path: &str,
    wait: Wait,
) -> Result<(u16, Spool), Error> {
    let need = submission.body.need(sheepdog).await?;
    let taken = sheepdog.memory.take(need).await?;
    let documents = intake::examine(sheepdog, &submission.body).await?;
    require_state(&submission.permit.project().props, path, &["open"])?;
    match wait {
        Wait::UntilDone => run::run(sheepdog, submission, documents, taken).await,
        // It takes memory anew when its turn has come.
        Wait::InBackground => {
            drop(taken);
            Ok((200, background::start(sheepdog, submission, documents, need).await?.into()))
        }
    }
}
