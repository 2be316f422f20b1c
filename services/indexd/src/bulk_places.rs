//! How many bulk writes are made at the same time.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use web::Failure;

use crate::Error;

/// A request waits this long for a place.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody has left a place in time.
#[derive(Debug, thiserror::Error)]
#[error("other bulk writes are still being made")]
struct NoPlace;

/// The places of bulk writes, by how much of them is kept in memory.
#[derive(Debug)]
pub(crate) struct BulkPlaces {
    /// For requests of which all is.
    whole: Semaphore,
    /// For those of which a batch is, and the outcomes.
    batches: Semaphore,
}

impl Default for BulkPlaces {
    fn default() -> Self {
        Self { whole: Semaphore::new(2), batches: Semaphore::new(8) }
    }
}

impl BulkPlaces {
    /// A place for a request that is kept as a whole.
    ///
    /// # Errors
    /// When others have all places for too long.
    pub(crate) async fn whole(&self) -> Result<SemaphorePermit<'_>, Error> {
        place(&self.whole).await
    }

    /// A place for a request that is kept batch by batch.
    ///
    /// # Errors
    /// As of [`Self::whole`].
    pub(crate) async fn batches(&self) -> Result<SemaphorePermit<'_>, Error> {
        place(&self.batches).await
    }
}

async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    match tokio::time::timeout(PATIENCE, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(Failure::Busy(NoPlace.into()).into()),
    }
}
