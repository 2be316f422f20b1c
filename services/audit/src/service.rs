//! The service itself.

use std::sync::Arc;

use authz::Authz;
use sqlx::PgPool;

use crate::config::Config;

/// The service, built once.
pub struct Audit {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Audit {
    /// A service on a database that [`migrate`](crate::migrate) has prepared.
    pub fn build(config: Config, pool: PgPool, authz: Arc<dyn Authz>) -> Arc<Self> {
        Arc::new(Self { config, pool, authz })
    }
}
