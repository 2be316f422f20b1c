//! Work that blocks a thread: hashing, and reading and writing files.

use crate::error::TransferError;

/// Does work on a thread that may be blocked.
///
/// # Errors
/// Those of the work.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The runtime is ending, or the work panicked.
        Err(error) => Err(TransferError::Unreachable {
            what: "working on a file".to_owned(),
            reason: error.to_string(),
        }),
    }
}
