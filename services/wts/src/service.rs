//! The service itself.

use std::{sync::Arc, time::Duration};

use authz::Authz;
use fairness::{Lane, Limits};
use sqlx::PgPool;
use tokens::Verifier;
use tokio::sync::Semaphore;

use crate::config::Config;

/// Calls for aggregated answers that run at once; each may hold a whole answer in memory.
const CALLS_AT_ONCE: usize = 32;

/// Who has answers of all commons gathered at the same time: nobody stands in the way of everybody.
const GATHERING: Limits = Limits {
    places: 16,
    places_of_caller: 2,
    waiting_of_caller: 4,
    waiting: 128,
    patience: Duration::from_secs(10),
};

/// The service, built once.
pub struct Wts {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
    /// For calls to providers; it must follow no redirects.
    pub(crate) client: reqwest::Client,
    /// Places of calls for aggregated answers.
    pub(crate) calls: Semaphore,
    /// Places of requests for aggregated answers, which callers share.
    pub(crate) gathering: Lane,
}

impl std::fmt::Debug for Wts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wts").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Wts {
    /// A service on a database that [`migrate`](crate::migrate) has prepared. `client` must follow no
    /// redirects, so that only what is configured is called.
    pub fn build(
        config: Config,
        pool: PgPool,
        authz: Arc<dyn Authz>,
        verifier: Arc<Verifier>,
        client: reqwest::Client,
    ) -> Arc<Self> {
        let (calls, gathering) = (Semaphore::new(CALLS_AT_ONCE), Lane::new(GATHERING));
        Arc::new(Self { config, pool, authz, verifier, client, calls, gathering })
    }
}
