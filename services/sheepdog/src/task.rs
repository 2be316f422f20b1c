//! Work that comes to its end whatever becomes of the request.

use tracing::Instrument as _;

use crate::{Error, workers::Workers};

/// Runs `work` as a task of its own. A client that goes away, or a gateway that has waited long enough, ends the waiting
/// for it, not the work: given up halfway, it could have changed the file index or arborist and not the graph.
///
/// # Errors
/// Those of `work`.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| Error::Corrupt(error.to_string()))?
}

/// The same on threads of the service's own, for work that computes much.
///
/// # Errors
/// Those of `work`, and when there are no threads.
pub(crate) async fn apart_to_the_end<T: Send + 'static>(
    workers: &Workers,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let task = workers.handle()?.spawn(work.in_current_span());
    task.await.map_err(|error| Error::Corrupt(error.to_string()))?
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
