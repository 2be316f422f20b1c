//! Sets of identifiers that users keep: the database that has them, and those that were used last.

use std::sync::{Arc, Mutex, PoisonError};

use search::Scalar;
use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Bytes of members that stay in memory.
const MOST_BYTES: usize = 128 << 20;
/// Sets that are made at the same time, and sets that are read whole for filters.
const AT_ONCE: usize = 2;

/// Where sets are.
pub(crate) struct Sets {
    pub(crate) pool: PgPool,
    making: Semaphore,
    reading: Semaphore,
    pub(crate) kept: Kept,
}

impl Sets {
    /// Those of a database that has been migrated.
    pub(crate) fn new(pool: PgPool) -> Self {
        let (making, reading) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE));
        Self { pool, making, reading, kept: Kept::default() }
    }

    /// Waits until a set may be made, as long as the permit is held. Who makes one may have to read others.
    pub(crate) async fn may_make(&self) -> SemaphorePermit<'_> {
        self.making.acquire().await.expect("invariant: nobody closes the semaphore")
    }

    /// Waits until a set may be read whole, as long as the permit is held.
    pub(crate) async fn may_read(&self) -> SemaphorePermit<'_> {
        self.reading.acquire().await.expect("invariant: nobody closes the semaphore")
    }
}

/// Members of the sets that were used last. They never change, so only whether a set is still there, and who
/// may read it, has to be asked.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<Entry>>);

struct Entry {
    id: Uuid,
    values: Arc<[Scalar]>,
    bytes: usize,
}

impl Kept {
    /// The members of a set, if they are in memory.
    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<[Scalar]>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = entries.iter().position(|entry| entry.id == id)?;
        // What was used last stands at the end.
        let entry = entries.remove(place);
        let values = entry.values.clone();
        entries.push(entry);
        Some(values)
    }

    /// Keeps the members of a set, in the place of those that nobody has asked for longest.
    pub(crate) fn keep(&self, id: Uuid, values: Arc<[Scalar]>, bytes: usize) {
        let bytes = bytes.saturating_add(values.len().saturating_mul(size_of::<Scalar>()));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.id != id);
        entries.push(Entry { id, values, bytes });
        let mut sum: usize = entries.iter().map(|entry| entry.bytes).sum();
        while sum > MOST_BYTES && !entries.is_empty() {
            sum -= entries.remove(0).bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays_within_the_limit() {
        let kept = Kept::default();
        let values = || -> Arc<[Scalar]> { ["a".into()].into() };
        let ids = [1, 2, 3].map(Uuid::from_u128);
        kept.keep(ids[0], values(), MOST_BYTES / 2 - 100);
        kept.keep(ids[1], values(), MOST_BYTES / 2 - 100);
        assert!(kept.get(ids[0]).is_some());
        kept.keep(ids[2], values(), 1_000);
        assert_eq!(ids.map(|id| kept.get(id).is_some()), [true, false, true]);
        kept.keep(ids[1], values(), MOST_BYTES);
        assert_eq!(ids.map(|id| kept.get(id).is_some()), [false; 3], "it is larger than all may be");
    }
}
