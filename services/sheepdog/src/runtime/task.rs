//! Tasks and threads for work, beside the task of the request.

use tokio::task::{JoinError, spawn_blocking};
use tracing::Instrument as _;

use super::workers::Workers;
use crate::Error;

/// Computes on a thread for what takes long.
///
/// # Errors
/// When `work` panicked.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(ended)
}

/// Runs `work` as a task of its own. A client that goes away, or a gateway that has waited long enough, ends
/// the waiting for it, not the work: given up halfway, it could have changed the file index or arborist and
/// not the graph.
///
/// # Errors
/// Those of `work`.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(tracecontext::carried(work.in_current_span())).await.map_err(ended)?
}

/// The same on threads of the service's own, for work that computes much.
///
/// # Errors
/// Those of `work`, and when there are no threads.
pub(crate) async fn apart_to_the_end<T: Send + 'static>(
    workers: &Workers,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let task = workers.handle()?.spawn(tracecontext::carried(work.in_current_span()));
    task.await.map_err(ended)?
}

/// A task ends without a result only when it panicked, or when the program ends.
fn ended(error: JoinError) -> Error {
    Error::internal("working on a thread of its own", error)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::{sync::Notify, time::timeout};

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it() {
        let (go_on, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (gate, end) = (go_on.clone(), done.clone());
        let work = async move {
            gate.notified().await;
            end.notify_one();
            Ok(())
        };
        assert!(timeout(Duration::from_millis(10), to_the_end(work)).await.is_err());
        go_on.notify_one();
        timeout(Duration::from_secs(10), done.notified()).await.unwrap();
    }
}
