//! Turns at the database: a caller never has all of them, and small queries do not wait for large ones.

use std::time::Duration;

use fairness::{Lane, Place, Refused};
use sqlx::PgPool;

use crate::config::{Budget, LaneLimits};

/// The lanes of the service, which go on when its dictionary is replaced.
#[derive(Clone)]
pub(crate) struct Lanes {
    small: Lane,
    large: Lane,
}

/// The right to use a connection of the pool for some time. It ends when it is dropped.
pub(crate) struct Turn {
    pub(crate) pool: PgPool,
    pub(crate) time: Duration,
    /// Whether it is a small query's.
    pub(crate) is_small: bool,
    _place: Place,
}

impl Lanes {
    pub(crate) fn new(limits: &LaneLimits) -> Self {
        Self { small: Lane::new(limits.small), large: Lane::new(limits.large) }
    }

    /// Waits for a turn for a query of `caller` that looks at so many rows.
    ///
    /// # Errors
    /// When too many wait already, or none came in time.
    pub(crate) async fn enter(
        &self,
        caller: &str,
        looks: u64,
        budget: &Budget,
        pool: &PgPool,
    ) -> Result<Turn, Refused> {
        let is_small = looks <= budget.small_looks;
        let (lane, time) = if is_small {
            (&self.small, budget.time.min(budget.small_time))
        } else {
            (&self.large, budget.time)
        };
        Ok(Turn { _place: lane.enter(caller).await?, pool: pool.clone(), time, is_small })
    }
}
