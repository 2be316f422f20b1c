//! The index as it is now, and whether it is known to be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use decisions::Index;
use tokio::sync::Notify;

use super::written::Names;

/// An index that has not been compared with the tables for this long is not believed. They are compared
/// every [`POLL`](super::follow::POLL), so this means that the database does not answer.
const STALE: Duration = Duration::from_secs(2);
/// The age of an index that was never compared, or whose connection is lost.
const NEVER: i64 = i64::MIN;

/// An index, with what belongs to it.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) index: Index,
    /// The resources as mappings name them.
    pub(crate) names: Arc<Names>,
    /// The number of the last change that is in it.
    pub(crate) generation: i64,
    /// Whether two resources are written alike. Their mapping has one entry, which the tables give.
    pub(crate) ambiguous: bool,
}

/// The index and what is known of its age. Readers take no lock.
#[derive(Debug)]
pub(crate) struct Live {
    current: ArcSwapOption<Current>,
    /// How often there was reason to think that the tables have changed.
    reasons: AtomicU64,
    /// The reasons that the index has taken into account.
    covered: AtomicU64,
    /// The number of the last change that an answer by the tables may have known.
    seen: AtomicI64,
    /// When the tables were last seen to be as the index is, in milliseconds after `start`.
    confirmed: AtomicI64,
    /// The time of the database at `start`, in microseconds since 1970.
    database_start: AtomicI64,
    start: Instant,
    woken: Notify,
}

impl Live {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwapOption::empty(),
            reasons: AtomicU64::new(0),
            covered: AtomicU64::new(0),
            seen: AtomicI64::new(0),
            confirmed: AtomicI64::new(NEVER),
            database_start: AtomicI64::new(0),
            start: Instant::now(),
            woken: Notify::new(),
        })
    }

    /// Returns the index, if it is known to be as the tables are: nothing was written by this process and
    /// nothing was heard of since it was compared with them, and that was a moment ago. It is never older
    /// than an answer that was given by the tables: what was taken away does not come back.
    pub(crate) fn current(&self) -> Option<arc_swap::Guard<Option<Arc<Current>>>> {
        // The index is put in place before `covered` is, so it is at least as new as what is read here.
        if self.reasons.load(SeqCst) != self.covered.load(SeqCst) {
            return None;
        }
        let confirmed = self.confirmed.load(SeqCst);
        if confirmed == NEVER || self.at(Instant::now()) - confirmed > millis(STALE) {
            return None;
        }
        let seen = self.seen.load(SeqCst);
        let is_new = |current: &Current| current.generation >= seen;
        Some(self.current.load()).filter(|current| current.as_deref().is_some_and(is_new))
    }

    /// Returns the time of the database, in microseconds since 1970: ends of grants are in its time.
    pub(crate) fn now(&self) -> i64 {
        self.database_start.load(SeqCst) + micros(self.start.elapsed())
    }

    /// Says that the tables may have changed. Nobody gets the index before it has been compared with them.
    pub(crate) fn doubt(&self) {
        self.reasons.fetch_add(1, SeqCst);
        self.woken.notify_one();
    }

    /// Says that the tables were asked when `generation` was the number of their last change.
    pub(crate) fn saw(&self, generation: i64) {
        self.seen.fetch_max(generation, SeqCst);
    }

    /// Waits for [`doubt`](Self::doubt).
    pub(super) async fn doubted(&self) {
        self.woken.notified().await;
    }

    /// Whether there is reason to think that the index is behind.
    pub(super) fn is_doubted(&self) -> bool {
        self.reasons.load(SeqCst) != self.covered.load(SeqCst)
    }

    /// Returns the reasons so far; what is read afterwards covers them.
    pub(super) fn reasons(&self) -> Reasons {
        Reasons { count: self.reasons.load(SeqCst), since: Instant::now() }
    }

    /// Returns the index, whether it is believed or not.
    pub(super) fn last(&self) -> Option<Arc<Current>> {
        self.current.load_full()
    }

    /// Puts the next index in place of the last one. Numbers of `Tables::Others` are not to be compared with
    /// those before.
    pub(super) fn replace(&self, current: Current, tables: Tables) {
        if tables == Tables::Others {
            self.seen.store(0, SeqCst);
        }
        self.current.store(Some(Arc::new(current)));
    }

    /// Says that the tables were as the index is when `reasons` were counted, and what time it was there.
    pub(super) fn confirm(&self, reasons: &Reasons, database_now: i64) {
        let middle = self.start.elapsed() - reasons.since.elapsed() / 2;
        self.database_start.store(database_now - micros(middle), SeqCst);
        self.confirmed.store(self.at(reasons.since), SeqCst);
        self.covered.store(reasons.count, SeqCst);
    }

    /// Says that nobody knows how the tables are.
    pub(super) fn lose(&self) {
        self.confirmed.store(NEVER, SeqCst);
    }

    fn at(&self, moment: Instant) -> i64 {
        millis(moment.saturating_duration_since(self.start))
    }
}

/// Whether the tables are those that were there before, or were restored or made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tables {
    Same,
    Others,
}

/// What there was when a comparison began.
pub(super) struct Reasons {
    count: u64,
    since: Instant,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
