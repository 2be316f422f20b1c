//! The service itself.

use std::sync::Arc;

use authz::Authz;
use sqlx::PgPool;
use tokens::Verifier;

use crate::config::Config;

/// The service, built once.
pub struct Library {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Library {
    /// A service on a database that [`migrate`](crate::migrate) has prepared.
    pub fn build(config: Config, pool: PgPool, authz: Arc<dyn Authz>, verifier: Arc<Verifier>) -> Arc<Self> {
        Arc::new(Self { config, pool, authz, verifier })
    }
}
