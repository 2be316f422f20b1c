//! The service itself.

use std::sync::Arc;

use authz::Authz;
use policystore::PolicyStore;
use sqlx::PgPool;
use tokens::Verifier;

use crate::config::Config;

/// The label of grants that follow a request.
pub(crate) const LABEL: &str = "requestor";

/// The service, built once.
pub struct Requestor {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) policies: Arc<dyn PolicyStore>,
    pub(crate) verifier: Arc<Verifier>,
    /// For calls to other systems.
    pub(crate) client: reqwest::Client,
}

impl std::fmt::Debug for Requestor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Requestor").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Requestor {
    /// A service on a database that [`migrate`](crate::migrate) has prepared.
    pub fn build(
        config: Config,
        pool: PgPool,
        authz: Arc<dyn Authz>,
        policies: Arc<dyn PolicyStore>,
        verifier: Arc<Verifier>,
        client: reqwest::Client,
    ) -> Arc<Self> {
        Arc::new(Self { config, pool, authz, policies, verifier, client })
    }
}
