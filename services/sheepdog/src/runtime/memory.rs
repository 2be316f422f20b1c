//! Memory for submissions. Those that need more than is left wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB, by [`need`], that all large submissions together may have.
const LARGE: u32 = 640 << 10;
/// KiB that all small ones together may have; they do not wait behind large ones.
const SMALL: u32 = 256 << 10;
/// Bodies of at most this many bytes are small.
const SMALL_BODY: u64 = 1 << 20;
/// A body needs this many times its size in memory.
const TIMES: u64 = 8;
/// Bytes of a body that count: beyond them it is processed batch by batch.
const MOST: u64 = 20 << 20;

/// The memory that is left for submissions.
pub(crate) struct Memory {
    large: Arc<Semaphore>,
    small: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        let semaphore = |kibibytes: u32| Arc::new(Semaphore::new(kibibytes as usize));
        Self { large: semaphore(LARGE), small: semaphore(SMALL) }
    }
}

/// Room for one submission, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken(#[expect(dead_code, reason = "held, not used")] OwnedSemaphorePermit);

impl Memory {
    /// Waits until there is room for a body of this many bytes.
    pub(crate) async fn take(&self, bytes: u64) -> Taken {
        let semaphore = if bytes <= SMALL_BODY { &self.small } else { &self.large };
        let permit = semaphore.clone().acquire_many_owned(need(bytes)).await;
        Taken(permit.expect("invariant: the semaphores are never closed"))
    }
}

/// KiB that a body of this many bytes needs.
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
        let memory = Memory::default();
        let at_once = u64::from(LARGE) * 1024 / (MOST * TIMES);
        let mut taken = Vec::new();
        for _ in 0..at_once {
            taken.push(memory.take(1 << 30).await);
        }
        let large = timeout(Duration::from_millis(20), memory.take(1 << 30)).await;
        assert!(large.is_err());
        let _small = memory.take(1000).await;
        taken.pop();
        let _large = memory.take(1 << 30).await;
    }
}
