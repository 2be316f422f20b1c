//! When a question is answered, for how long, and what it sees.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use search::SearchError;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{column::broken, snapshot::Snapshot};

/// The turns of all who ask an engine. Clones are the same turns.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    /// How long a turn takes at most.
    time: Duration,
}

impl Turns {
    /// So many at the same time.
    pub(crate) fn new(places: usize, time: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), time }
    }

    /// The same turns, which may take so long.
    pub(crate) fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Does something in its turn, away from those who serve.
    pub(crate) async fn take<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Patience>) -> T + Send + 'static,
    ) -> Result<T, SearchError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(broken)?;
        let patience = Patience::new(self.time);
        let _waiting = Waiting(Arc::clone(&patience));
        let done = spawn_blocking(move || {
            // Kept until the work has ended, also where nobody waits for it any more.
            let _place = place;
            work(&patience)
        });
        done.await.map_err(broken)
    }
}

/// How long a question may take, and whether somebody still waits for its answer.
#[derive(Debug)]
pub(crate) struct Patience {
    time: Duration,
    until: Instant,
    gone: AtomicBool,
}

impl Patience {
    fn new(time: Duration) -> Arc<Self> {
        Arc::new(Self { time, until: Instant::now() + time, gone: AtomicBool::new(false) })
    }

    /// Asked between steps of a few milliseconds at most.
    ///
    /// # Errors
    /// The time is over, or nobody waits for the answer.
    pub(crate) fn go_on(&self) -> Result<(), SearchError> {
        if self.gone.load(Ordering::Relaxed) || Instant::now() >= self.until {
            return Err(SearchError::TooLong(self.time));
        }
        Ok(())
    }
}

/// Somebody who waits; when it is dropped, nobody does.
struct Waiting(Arc<Patience>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Relaxed);
    }
}

/// A snapshot as one question sees it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    patience: Arc<Patience>,
}

impl View {
    pub(crate) fn new(snapshot: Arc<Snapshot>, patience: Arc<Patience>) -> Self {
        Self { snapshot, patience }
    }

    /// [`Patience::go_on`].
    pub(crate) fn go_on(&self) -> Result<(), SearchError> {
        self.patience.go_on()
    }
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::*;

    #[tokio::test]
    async fn who_does_not_wait_any_more_makes_room_at_once() {
        let turns = Turns::new(1, Duration::from_secs(60));
        let (begun, has_begun) = mpsc::channel();
        let endless = turns.take(move |patience: &Arc<Patience>| {
            begun.send(()).unwrap();
            while patience.go_on().is_ok() {
                thread::yield_now();
            }
        });
        tokio::time::timeout(Duration::from_millis(20), endless).await.unwrap_err();
        has_begun.recv().unwrap();
        let next = turns.take(|patience: &Arc<Patience>| patience.go_on());
        tokio::time::timeout(Duration::from_secs(10), next).await.unwrap().unwrap().unwrap();
    }
}
