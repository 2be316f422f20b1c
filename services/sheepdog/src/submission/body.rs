//! Submissions and their bodies.

use std::sync::Arc;

use documents::Format;

use crate::{
    Error, Sheepdog,
    auth::SubmissionPermit,
    runtime::{memory::Need, spool::Spool},
    transaction::Mode,
};

/// A submission without its documents.
pub(crate) struct Submission {
    pub permit: Arc<SubmissionPermit>,
    pub mode: Mode,
    pub body: SubmittedBody,
}

/// The body as it came.
pub(crate) struct SubmittedBody {
    /// Header `X-Document-Name`.
    pub name: Option<String>,
    pub format: Format,
    pub spool: Spool,
}

impl SubmittedBody {
    /// The memory that its documents need.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn need(&self, sheepdog: &Sheepdog) -> Result<Need, Error> {
        Need::of(&self.spool, self.format, sheepdog.config.whole_rows).await
    }
}
