//! The queue of submissions in the background.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// Submissions that are processed at once.
const RUNNING: usize = 8;
/// Submissions that may wait beside them.
const WAITING: usize = 128;
/// KiB of documents that all together may have. Small ones are in memory, where they are several times as
/// large.
const KIBIBYTES: usize = 256 << 10;

/// The limits of the queue.
pub(crate) struct Queue {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    kibibytes: Arc<Semaphore>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            kibibytes: Arc::new(Semaphore::new(KIBIBYTES)),
        }
    }
}

/// A place in the queue, until it is dropped.
pub(crate) struct Queued {
    _admitted: OwnedSemaphorePermit,
    _kibibytes: OwnedSemaphorePermit,
    running: Arc<Semaphore>,
}

impl Queue {
    /// A place for a body of this many bytes; one that is larger than the limit gets it when nothing else
    /// waits.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait, or too much.
    pub(crate) fn enter(&self, bytes: u64) -> Result<Queued, Error> {
        let admitted = self.admitted.clone().try_acquire_owned();
        let need = u32::try_from(bytes.div_ceil(1024).min(KIBIBYTES as u64)).unwrap_or(u32::MAX);
        let kibibytes = self.kibibytes.clone().try_acquire_many_owned(need);
        let (Ok(admitted), Ok(kibibytes)) = (admitted, kibibytes) else { return Err(Error::Busy) };
        Ok(Queued { _admitted: admitted, _kibibytes: kibibytes, running: self.running.clone() })
    }
}

impl Queued {
    /// Waits for its turn, which ends when the permit is dropped.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        self.running.clone().acquire_owned().await.expect("invariant: the semaphore is never closed")
    }
}
