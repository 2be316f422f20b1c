//! What was last seen of the stores and counted in the file index, and when. However many ask, each is done
//! once at a time, and what is young enough is told again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};

use crate::storage::{Count, Look, Storage, Uncounted};

/// For so long what was seen of the stores is told again.
const SIGHT: Duration = Duration::from_secs(10);
/// Who asks waits so long for a count that has not ended.
const PATIENCE: Duration = Duration::from_secs(2);
/// Counting takes at most this part of the database's time.
const SHARE: u32 = 50;
/// A count is told again for at least so long.
const SHORTEST: Duration = Duration::from_secs(5);
/// And for at most so long.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The stores as they were.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: DateTime<Utc>,
    pub(crate) looks: Vec<Look>,
    since: Instant,
}

/// A count, when it was made, and how long that took.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) at: DateTime<Utc>,
    pub(crate) took: Duration,
    pub(crate) count: Arc<Count>,
}

/// Where counting stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// The last count that succeeded.
    pub(crate) last: Option<Counted>,
    /// Why the last one did not.
    pub(crate) failed: Option<Uncounted>,
    /// Whether one is being made.
    pub(crate) is_running: bool,
    /// When the last one ended, and how long it took, however it ended.
    pub(crate) tried: Option<(Instant, Duration)>,
}

impl Standing {
    fn is_due(&self, now: Instant) -> bool {
        let is_old = |(ended, took): (Instant, Duration)| now.duration_since(ended) >= life(took);
        !self.is_running && self.tried.is_none_or(is_old)
    }
}

/// For how long a count is told again that took so long.
fn life(took: Duration) -> Duration {
    took.saturating_mul(SHARE).clamp(SHORTEST, LONGEST)
}

/// The stores, and what is known of them.
pub(crate) struct Survey {
    storage: Arc<dyn Storage>,
    seen: Mutex<Option<Seen>>,
    standing: watch::Sender<Standing>,
}

/// A count that is being made; however it ends, another one can be made.
struct Counting(Arc<Survey>);

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.standing.send_modify(|standing| standing.is_running = false);
    }
}

impl Survey {
    pub(crate) fn of(storage: Arc<dyn Storage>) -> Arc<Self> {
        let standing = watch::Sender::new(Standing::default());
        Arc::new(Self { storage, seen: Mutex::default(), standing })
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// What is seen of the stores.
    pub(crate) async fn seen(&self) -> Seen {
        let mut last = self.seen.lock().await;
        if let Some(seen) = last.as_ref().filter(|seen| seen.since.elapsed() < SIGHT) {
            return seen.clone();
        }
        let looks = self.storage.look().await;
        let seen = Seen { at: Utc::now(), looks, since: Instant::now() };
        last.insert(seen).clone()
    }

    /// Where counting stands, with a count that is young if that does not take long.
    pub(crate) async fn counted(self: &Arc<Self>) -> Standing {
        let begins = self.standing.send_if_modified(|standing| {
            let is_due = standing.is_due(Instant::now());
            standing.is_running |= is_due;
            is_due
        });
        if begins {
            let counting = Counting(self.clone());
            tokio::spawn(async move { counting.0.count().await });
        }
        let mut standing = self.standing.subscribe();
        // Whoever has waited long enough is told what there is.
        let _ = tokio::time::timeout(PATIENCE, standing.wait_for(|standing| !standing.is_running)).await;
        standing.borrow().clone()
    }

    async fn count(&self) {
        let begun = Instant::now();
        let counted = self.storage.count().await;
        let took = begun.elapsed();
        if let Err(Uncounted::Failed(told)) = &counted {
            tracing::warn!(told, "what the file index has in each store could not be counted");
        }
        self.standing.send_modify(|standing| {
            standing.tried = Some((Instant::now(), took));
            standing.failed = None;
            match counted {
                Ok(count) => standing.last = Some(Counted { at: Utc::now(), took, count: Arc::new(count) }),
                Err(error) => standing.failed = Some(error),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::storage::Store;

    #[test]
    fn what_took_long_is_counted_seldom() {
        assert_eq!(life(Duration::from_millis(20)), SHORTEST);
        assert_eq!(life(Duration::from_secs(2)), Duration::from_secs(100));
        assert_eq!(life(Duration::from_secs(500)), LONGEST);
        let now = Instant::now();
        let ended = |ago| Some((now.checked_sub(Duration::from_secs(ago)).unwrap(), Duration::from_secs(1)));
        for (tried, is_running, is_due) in [
            (None, false, true),
            (None, true, false),
            (ended(49), false, false),
            (ended(50), false, true),
            (ended(50), true, false),
        ] {
            assert_eq!(
                Standing { tried, is_running, ..Standing::default() }.is_due(now),
                is_due,
                "{tried:?}"
            );
        }
    }

    /// Counts how often it is asked, and takes its time.
    #[derive(Default)]
    struct Slow {
        looks: AtomicUsize,
        counts: AtomicUsize,
    }

    #[async_trait]
    impl Storage for Slow {
        fn stores(&self) -> &[Store] {
            &[]
        }

        async fn look(&self) -> Vec<Look> {
            self.looks.fetch_add(1, Ordering::SeqCst);
            Vec::new()
        }

        async fn count(&self) -> Result<Count, Uncounted> {
            self.counts.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Count::default())
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_get_one_count_and_one_look() {
        let storage = Arc::new(Slow::default());
        let survey = Survey::of(storage.clone());
        let all = (0..20).map(|_| async {
            survey.seen().await;
            survey.counted().await
        });
        let told = futures_util::future::join_all(all).await;
        assert!(told.iter().all(|standing| standing.last.is_some() && !standing.is_running));
        assert_eq!(storage.looks.load(Ordering::SeqCst), 1);
        assert_eq!(storage.counts.load(Ordering::SeqCst), 1);
    }
}
