//! One caller never starves all: who may work at the same time on what everybody shares, such as the database
//! connections of a service.
//!
//! A [`Lane`] has a number of places, of which a caller may have only some. A caller whose places are all
//! taken waits for one of them, and does not stand in the way of others meanwhile; waiting has limits too.
//! Work of different sizes takes different lanes, so that what is small does not wait for what is large.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// How many may work and wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many work at the same time.
    pub places: usize,
    /// How many of these places one caller may have.
    pub places_of_caller: usize,
    /// How many requests of one caller may wait.
    pub waiting_of_caller: usize,
    /// How many requests may wait in all.
    pub waiting: usize,
    /// How long a request waits.
    pub patience: Duration,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The caller has too much running and waiting: 429.
    #[error("too many requests of yours are running or waiting; try again later")]
    Caller,
    /// There is too much of everybody: 503.
    #[error("the service is busy; try again later")]
    Everybody,
}

impl Refused {
    /// After how many seconds it is worth trying again (`Retry-After`).
    pub fn retry_after(self) -> u64 {
        match self {
            Self::Caller => 5,
            Self::Everybody => 2,
        }
    }
}

/// Places that callers share. Clones are the same lane.
#[derive(Debug, Clone)]
pub struct Lane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    callers: Mutex<HashMap<String, Weak<Caller>>>,
}

#[derive(Debug)]
struct Caller {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place in a lane, until it is dropped.
#[derive(Debug)]
#[must_use = "a place is given back when it is dropped"]
pub struct Place {
    // In the order in which they are given back. The caller is known for as long as it has a place.
    _place: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    _caller: Arc<Caller>,
}

impl Lane {
    /// A lane in which nobody works yet. There is at least one place, and each caller may have at least one.
    pub fn new(limits: Limits) -> Self {
        let places = Arc::new(Semaphore::new(limits.places.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner { limits, places, waiting: AtomicUsize::new(0), callers: Mutex::default() }))
    }

    /// Waits for a place. Who waits longest comes first, among the requests of a caller as among callers.
    ///
    /// # Errors
    /// When too many wait already, or when no place came free in time.
    pub async fn enter(&self, caller: &str) -> Result<Place, Refused> {
        let (limits, caller) = (&self.0.limits, self.caller(caller));
        let own = caller.places.clone().try_acquire_owned();
        let place = self.0.places.clone().try_acquire_owned();
        if let (Ok(own), Ok(place)) = (own, place) {
            return Ok(Place { _place: place, _own: own, _caller: caller });
        }
        let _waiting = Waiting::of(&caller.waiting, limits.waiting_of_caller).ok_or(Refused::Caller)?;
        let _among_all = Waiting::of(&self.0.waiting, limits.waiting).ok_or(Refused::Everybody)?;
        let until = Instant::now() + limits.patience;
        // First one of the caller's own places, so that only those who may have one stand in the queue of
        // all. The semaphores keep the order of their queues, and are never closed.
        let own = timeout_at(until, caller.places.clone().acquire_owned()).await;
        let Ok(Ok(own)) = own else { return Err(Refused::Caller) };
        let place = timeout_at(until, self.0.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Refused::Everybody) };
        Ok(Place { _place: place, _own: own, _caller: caller.clone() })
    }

    fn caller(&self, name: &str) -> Arc<Caller> {
        let mut callers = self.0.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = callers.get(name).and_then(Weak::upgrade) {
            return known;
        }
        callers.retain(|_, caller| caller.strong_count() > 0);
        let own = self.0.limits.places_of_caller.clamp(1, Semaphore::MAX_PERMITS);
        let caller = Arc::new(Caller { places: Arc::new(Semaphore::new(own)), waiting: AtomicUsize::new(0) });
        callers.insert(name.to_owned(), Arc::downgrade(&caller));
        caller
    }
}

/// Counts as waiting until it is dropped.
struct Waiting<'c>(&'c AtomicUsize);

impl<'c> Waiting<'c> {
    /// `None` when `most` wait already.
    fn of(count: &'c AtomicUsize, most: usize) -> Option<Self> {
        let more = |waiting| (waiting < most).then_some(waiting + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        let patience = Duration::from_millis(30);
        Lane::new(Limits { places: 3, places_of_caller: 2, waiting_of_caller: 2, waiting: 3, patience })
    }

    #[tokio::test]
    async fn a_caller_has_some_of_the_places_and_others_have_the_rest() {
        let lane = lane();
        let _first = lane.enter("a").await.unwrap();
        let _second = lane.enter("a").await.unwrap();
        assert_eq!(lane.enter("a").await.unwrap_err(), Refused::Caller);
        let _other = lane.enter("b").await.unwrap();
        assert_eq!(lane.enter("c").await.unwrap_err(), Refused::Everybody);
    }

    #[tokio::test]
    async fn a_place_that_comes_free_is_taken_by_who_waits() {
        let lane = lane();
        let first = lane.enter("a").await.unwrap();
        let _second = lane.enter("a").await.unwrap();
        let waiting = tokio::spawn({
            let lane = lane.clone();
            async move { lane.enter("a").await }
        });
        tokio::task::yield_now().await;
        drop(first);
        let _third = waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let lane = lane();
        let _places = [lane.enter("a").await.unwrap(), lane.enter("a").await.unwrap()];
        let waiting = tokio::join!(
            lane.enter("a"),
            lane.enter("a"),
            tokio::time::timeout(Duration::from_millis(5), lane.enter("a")),
        );
        assert_eq!(waiting.2.unwrap().unwrap_err(), Refused::Caller);
        assert_eq!((waiting.0.unwrap_err(), waiting.1.unwrap_err()), (Refused::Caller, Refused::Caller));
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_no_trace() {
        let lane = lane();
        let places = [lane.enter("a").await.unwrap(), lane.enter("a").await.unwrap()];
        for _ in 0..10 {
            let given_up = tokio::time::timeout(Duration::from_millis(1), lane.enter("a")).await;
            assert!(given_up.is_err());
        }
        drop(places);
        let _again = [lane.enter("a").await.unwrap(), lane.enter("a").await.unwrap()];
        assert_eq!(lane.0.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nothing_is_kept_of_callers_at_rest() {
        let lane = lane();
        for number in 0..100 {
            drop(lane.enter(&number.to_string()).await.unwrap());
        }
        assert_eq!(lane.0.callers.lock().unwrap().len(), 1);
    }
}
