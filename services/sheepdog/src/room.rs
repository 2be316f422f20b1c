//! Memory for submissions: those that would need more than there is wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// All large submissions together may need so many KiB, by [`need`].
const LARGE: u32 = 640 << 10;
/// All small ones together; they do not wait behind large ones.
const SMALL: u32 = 256 << 10;
/// Bodies up to so many bytes are small.
const SMALL_BODY: u64 = 1 << 20;
/// A body is so many times as large in memory,
const TIMES: u64 = 8;
/// but no more than this counts: beyond it, it is worked on batch by batch.
const MOST: u64 = 20 << 20;

/// Who waits, and who works.
pub(crate) struct Room {
    large: Arc<Semaphore>,
    small: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        let semaphore = |kibibytes: u32| Arc::new(Semaphore::new(kibibytes as usize));
        Self { large: semaphore(LARGE), small: semaphore(SMALL) }
    }
}

/// Room for one submission, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken(#[expect(dead_code, reason = "held, not used")] OwnedSemaphorePermit);

impl Room {
    /// Waits until there is room for a body of so many bytes.
    ///
    /// # Errors
    /// Never: the semaphores are not closed.
    pub(crate) async fn take(&self, bytes: u64) -> Result<Taken, Error> {
        let semaphore = if bytes <= SMALL_BODY { &self.small } else { &self.large };
        let permit = semaphore.clone().acquire_many_owned(need(bytes)).await;
        permit.map(Taken).map_err(|error| Error::Corrupt(error.to_string()))
    }
}

/// KiB.
fn need(bytes: u64) -> u32 {
    u32::try_from((bytes.min(MOST) * TIMES).div_ceil(1024)).unwrap_or(LARGE).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn large_ones_wait_for_each_other_and_small_ones_do_not() {
        let room = Room::default();
        let at_once = u64::from(LARGE) * 1024 / (MOST * TIMES);
        let mut taken = Vec::new();
        for _ in 0..at_once {
            taken.push(room.take(1 << 30).await.unwrap());
        }
        let large = timeout(Duration::from_millis(20), room.take(1 << 30)).await;
        assert!(large.is_err());
        let _small = room.take(1000).await.unwrap();
        taken.pop();
        let _large = room.take(1 << 30).await.unwrap();
    }
}
