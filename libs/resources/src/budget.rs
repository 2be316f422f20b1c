//! One budget of memory for everything that a process holds for its callers.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::memory_limit;

/// The part of the limit that callers may have, in percent: the rest is for the program itself, for what the
/// allocator does not give back at once, and for what is counted only roughly.
const SHARE: u8 = 45;
const KIBIBYTE: u64 = 1024;

/// What may be held at the same time. Clones are the same budget.
///
/// Bytes are counted by kibibytes. Who asks for more than there is at all gets all of it, when nothing else
/// is held.
#[derive(Debug, Clone)]
pub struct Budget {
    free: Arc<Semaphore>,
    /// KiB.
    total: u32,
}

/// Memory that is held, until it is dropped.
#[derive(Debug)]
#[must_use = "memory is given back when it is dropped"]
pub struct Held(Option<OwnedSemaphorePermit>);

/// There was no memory left in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is not enough memory left for this now")]
pub struct Exhausted;

impl Budget {
    /// A budget of this many bytes.
    pub fn of(bytes: u64) -> Self {
        let total = u32::try_from(bytes / KIBIBYTE).unwrap_or(u32::MAX).max(1);
        Self { free: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// A budget that follows the limit that the process runs under now.
    pub fn of_process() -> Self {
        Self::of(memory_limit().share(SHARE))
    }

    /// All bytes of the budget.
    pub fn total(&self) -> u64 {
        u64::from(self.total) * KIBIBYTE
    }

    /// Takes memory for `bytes`, and waits for it, for at most `patience`. Who waits longest comes first.
    ///
    /// # Errors
    /// When there was not enough in time.
    pub async fn take(&self, bytes: u64, patience: Duration) -> Result<Held, Exhausted> {
        let taking = self.free.clone().acquire_many_owned(self.units(bytes));
        match timeout(patience, taking).await {
            Ok(Ok(permit)) => Ok(Held(Some(permit))),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Exhausted),
        }
    }

    /// Takes memory for `bytes` if it is free now and nobody waits for it.
    ///
    /// # Errors
    /// When it is not.
    pub fn try_take(&self, bytes: u64) -> Result<Held, Exhausted> {
        let taken = self.free.clone().try_acquire_many_owned(self.units(bytes));
        taken.map(|permit| Held(Some(permit))).map_err(|_| Exhausted)
    }

    fn units(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(KIBIBYTE)).unwrap_or(u32::MAX).clamp(1, self.total)
    }
}

impl Held {
    /// Adds what `more` holds.
    pub fn join(&mut self, mut more: Self) {
        match (&mut self.0, more.0.take()) {
            (Some(held), Some(more)) => held.merge(more),
            (held, more) => *held = held.take().or(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn what_is_held_is_missing_until_it_is_dropped() {
        let budget = Budget::of(10 << 10);
        let held = budget.take(8 << 10, NOW).await.unwrap();
        assert_eq!(budget.take(3 << 10, NOW).await.err(), Some(Exhausted));
        let mut other = budget.try_take(1).unwrap();
        other.join(budget.try_take(1 << 10).unwrap());
        assert!(budget.try_take(1).is_err());
        drop(held);
        assert!(budget.try_take(8 << 10).is_ok());
        drop(other);
        assert!(budget.try_take(10 << 10).is_ok());
    }

    #[tokio::test]
    async fn who_wants_more_than_there_is_gets_everything_when_nothing_is_held() {
        let budget = Budget::of(10 << 10);
        let small = budget.try_take(1).unwrap();
        assert!(budget.take(1 << 40, NOW).await.is_err());
        drop(small);
        assert!(budget.take(1 << 40, NOW).await.is_ok());
    }

    #[test]
    fn the_budget_of_the_process_is_smaller_than_its_limit() {
        let limit = memory_limit().bytes;
        let total = Budget::of_process().total();
        assert!(0 < total && total < limit, "{total} of {limit}");
    }
}
