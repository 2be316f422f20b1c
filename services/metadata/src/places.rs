//! How much is done at the same time.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use web::Failure;

use crate::error::Error;

/// Places for requests, and how long one waits for one of them.
pub(crate) struct Places {
    free: Semaphore,
    patience: Duration,
}

impl Places {
    pub(crate) fn new(places: usize, patience: Duration) -> Self {
        Self { free: Semaphore::new(places), patience }
    }

    /// # Errors
    /// 503 when others have all places for too long.
    pub(crate) async fn take(&self) -> Result<SemaphorePermit<'_>, Error> {
        match timeout(self.patience, self.free.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Failure::Busy("too many large requests for metadata are running".into()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_in_time_is_asked_to_come_again() {
        let places = Places::new(2, Duration::from_millis(20));
        let (_first, second) = (places.take().await.unwrap(), places.take().await.unwrap());
        assert_eq!(places.take().await.unwrap_err().status_code(), 503);
        drop(second);
        assert!(places.take().await.is_ok());
    }
}
