//! Submissions and their bodies.

use std::sync::Arc;

use documents::Format;

use crate::{auth::SubmissionPermit, runtime::spool::Spool, transaction::Mode};

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
