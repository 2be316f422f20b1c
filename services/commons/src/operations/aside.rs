//! Work on a thread of its own, which blocks, or cannot be passed from one thread to another.

use std::future::Future;

use tokio::{
    runtime::Handle,
    task::{JoinError, spawn_blocking},
};
use tokio_util::sync::CancellationToken;
use workqueue::Failed;

/// Does `work` on a thread of its own. It ends at its next pause, with `None`, when nobody waits for it any
/// more.
///
/// # Errors
/// When it panics.
pub(super) async fn aside<T, W>(work: impl FnOnce() -> W + Send + 'static) -> Result<Option<T>, JoinError>
where
    T: Send + 'static,
    W: Future<Output = T>,
{
    let handle = Handle::current();
    let wanted = CancellationToken::new();
    let unwanted = wanted.clone();
    let _ends_with_this = wanted.drop_guard();
    let done = spawn_blocking(move || {
        handle.block_on(async {
            tokio::select! {
                done = work() => Some(done),
                () = unwanted.cancelled() => None,
            }
        })
    });
    done.await
}

/// What nobody hears: whoever waited for the work has gone.
pub(super) fn unwanted() -> Failed {
    Failed::ForGood("nobody waits for it".to_owned())
}
