//! The service itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use authz::Authz;
use dataaccess::DataAccess;
use sqlx::PgPool;
use tokens::Verifier;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{config::Config, runner::Executor};

/// What the service asks and works with.
pub struct Neighbours {
    /// arborist.
    pub authz: Arc<dyn Authz>,
    /// What believes tokens.
    pub verifier: Arc<Verifier>,
    /// fence.
    pub files: Arc<dyn DataAccess>,
    /// What runs tasks; without it no task is taken.
    pub executor: Option<Executor>,
}

/// The service, built once.
pub struct Workflows {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) files: Arc<dyn DataAccess>,
    pub(crate) executor: Option<Executor>,
    /// Told when there is something to do.
    pub(crate) wake: Notify,
    /// The tasks that this process runs, and what ends them.
    pub(crate) running: Mutex<HashMap<Uuid, CancellationToken>>,
}

impl std::fmt::Debug for Workflows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workflows").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Workflows {
    /// A service on a database that [`migrate`](crate::migrate) has prepared.
    pub fn build(config: Config, pool: PgPool, neighbours: Neighbours) -> Arc<Self> {
        let Neighbours { authz, verifier, files, executor } = neighbours;
        let (wake, running) = (Notify::new(), Mutex::default());
        Arc::new(Self { config, pool, authz, verifier, files, executor, wake, running })
    }

    /// Ends a task that this process runs, if it does.
    pub(crate) fn stop_running(&self, id: Uuid) {
        if let Ok(running) = self.running.lock()
            && let Some(stop) = running.get(&id)
        {
            stop.cancel();
        }
    }
}
