//! The service: its configuration and its neighbours.

use std::sync::Arc;

use authz::Authz;
use indexclient::IndexClient;
use sqlx::PgPool;
use storage::ObjectStore;
use tokens::{SigningKeys, Verifier};

use crate::{
    config::{Checked, Config, ConfigError},
    identity::issuer::Issuer,
};

/// The service, built once.
pub struct Fence {
    pub(crate) config: Config,
    pub(crate) checked: Checked,
    pub(crate) pool: PgPool,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) issuer: Issuer,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) storage: Arc<dyn ObjectStore>,
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence").field("base_url", &self.config.base_url).finish_non_exhaustive()
    }
}

impl Fence {
    /// Builds the service on a migrated database. `storage` is usually [`storage::S3Store`] over
    /// [`Config::buckets`].
    ///
    /// # Errors
    /// For a configuration with which fence must not start; the message names the setting.
    pub fn build(
        config: Config,
        pool: PgPool,
        keys: Arc<SigningKeys>,
        authz: Arc<dyn Authz>,
        index: Arc<dyn IndexClient>,
        storage: Arc<dyn ObjectStore>,
    ) -> Result<Arc<Self>, ConfigError> {
        let checked = config.check()?;
        let verifier = Arc::new(Verifier::local(&keys, vec![config.base_url.clone()]));
        let issuer = Issuer::new(keys.clone(), &config.base_url);
        Ok(Arc::new(Self { config, checked, pool, keys, verifier, issuer, authz, index, storage }))
    }
}
