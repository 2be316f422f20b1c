//! Tickets: downloads that were asked for, and are fetched by another request, as a browser does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a ticket is good.
const LIFETIME: Duration = Duration::from_secs(600);
/// Tickets of everybody.
const MOST: usize = 10_000;
/// Tickets of one caller.
const MOST_OF_CALLER: usize = 100;
/// Bytes of all requests.
const MOST_BYTES: usize = 256 << 20;

/// What became of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    /// It was sent whole.
    Complete {
        rows: u64,
        bytes: u64,
        sha256: String,
    },
    Failed,
}

/// The verified name of who asked; `None`: somebody who has not logged in.
pub(crate) type Owner = Option<String>;

/// What a ticket is for: the request, which has been read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Export,
    Manifest,
}

struct Ticket {
    owner: Owner,
    made: Instant,
    order: Arc<Order>,
    state: Arc<Mutex<State>>,
}

/// Tickets of this process.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<String, Ticket>>);

/// There are too many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Tickets {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Ticket>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, ticket| ticket.made.elapsed() < LIFETIME);
        all
    }

    /// A ticket for an order.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(crate) fn issue(&self, owner: Owner, order: Order) -> Result<String, TooMany> {
        let mut all = self.all();
        let bytes: usize = all.values().map(|ticket| ticket.order.body.len()).sum();
        let own = all.values().filter(|ticket| ticket.owner == owner).count();
        if all.len() >= MOST || own >= MOST_OF_CALLER || bytes.saturating_add(order.body.len()) > MOST_BYTES {
            return Err(TooMany);
        }
        let name = format!("{:032x}", rand::random::<u128>());
        let state = Arc::new(Mutex::new(State::Waiting));
        all.insert(name.clone(), Ticket { owner, made: Instant::now(), order: Arc::new(order), state });
        Ok(name)
    }

    /// What was ordered, for who ordered it.
    pub(crate) fn find(&self, owner: &Owner, name: &str) -> Option<(Arc<Order>, Arc<Mutex<State>>)> {
        let all = self.all();
        let ticket = all.get(name).filter(|ticket| ticket.owner == *owner)?;
        Some((ticket.order.clone(), ticket.state.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(bytes: usize) -> Order {
        Order { kind: Kind::Export, body: vec![0; bytes] }
    }

    #[test]
    fn a_ticket_is_for_who_asked_and_there_are_not_endlessly_many() {
        let tickets = Tickets::default();
        let own = Some("a".to_owned());
        let name = tickets.issue(own.clone(), order(10)).unwrap();
        assert_eq!(*tickets.find(&own, &name).unwrap().0, order(10));
        assert!(tickets.find(&None, &name).is_none());
        assert!(tickets.find(&own, "x").is_none());
        assert_eq!(tickets.issue(own.clone(), order(MOST_BYTES)), Err(TooMany));
        for _ in 1..MOST_OF_CALLER {
            tickets.issue(own.clone(), order(0)).unwrap();
        }
        assert_eq!(tickets.issue(own, order(0)), Err(TooMany));
        assert!(tickets.issue(None, order(0)).is_ok());
    }
}
