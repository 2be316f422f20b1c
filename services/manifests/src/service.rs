//! The service itself.

use std::sync::Arc;

use authz::Authz;
use storage::ObjectStore;
use tokens::Verifier;

use crate::config::Config;

/// The service, built once.
pub struct Manifests {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
}

impl std::fmt::Debug for Manifests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifests").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Manifests {
    /// A service over the bucket that `config` names.
    pub fn build(
        config: Config,
        store: Arc<dyn ObjectStore>,
        authz: Arc<dyn Authz>,
        verifier: Arc<Verifier>,
    ) -> Arc<Self> {
        Arc::new(Self { config, store, authz, verifier })
    }
}
