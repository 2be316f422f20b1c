//! The service itself.

use std::sync::Arc;

use apikeys::ApiKeys;
use authz::Authz;
use executor::Executor;
use sqlx::PgPool;
use tokens::Verifier;
use tokio::sync::Notify;

use crate::config::Config;

/// What the service asks and works with.
pub struct Neighbours {
    /// arborist.
    pub authz: Arc<dyn Authz>,
    /// What believes tokens.
    pub verifier: Arc<Verifier>,
    /// fence.
    pub keys: Arc<dyn ApiKeys>,
    /// What runs workspaces; without one, nothing is offered.
    pub executor: Option<Arc<dyn Executor>>,
}

/// The service, built once.
pub struct Workspaces {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) keys: Arc<dyn ApiKeys>,
    pub(crate) executor: Option<Arc<dyn Executor>>,
    /// Told when there is something to clear away.
    pub(crate) wake: Notify,
}

impl std::fmt::Debug for Workspaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspaces").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Workspaces {
    /// A service on a database that [`migrate`](crate::migrate) has prepared. Containers that the executor
    /// cannot run are not offered.
    pub fn build(mut config: Config, pool: PgPool, neighbours: Neighbours) -> Arc<Self> {
        let Neighbours { authz, verifier, keys, executor } = neighbours;
        config.hatchery.containers.retain(|container| match executor.as_ref().map(|e| e.cannot(container)) {
            Some(None) => true,
            Some(Some(why)) => {
                tracing::warn!(container = container.name, why, "a container is not offered");
                false
            }
            None => false,
        });
        Arc::new(Self { config, pool, authz, verifier, keys, executor, wake: Notify::new() })
    }
}
