//! The service: its configuration and its neighbours.

use std::sync::{Arc, OnceLock};

use auditlog::Recorder;
use authz::Authz;
use indexclient::IndexClient;
use indexmap::IndexMap;
use sqlx::PgPool;
use storage::ObjectStore;
use tokens::{SigningKeys, Verifier};

use crate::{
    config::{Checked, Config, ConfigError},
    identity::{issuer::Issuer, secrets::SecretChecks},
    providers::{self, route, upstreams},
};

/// The service, built once.
pub struct Fence {
    pub(crate) config: Config,
    pub(crate) checked: Checked,
    pub(crate) pool: PgPool,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) issuer: Issuer,
    pub(crate) secrets: SecretChecks,
    /// Other issuers through which users log in, by the last part of their login's path.
    pub(crate) providers: IndexMap<String, providers::Issuer>,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) storage: Arc<dyn ObjectStore>,
    /// Where logins and signed URLs are noted, if anywhere.
    pub(crate) recorder: OnceLock<Recorder>,
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence").field("base_url", &self.config.base_url).finish_non_exhaustive()
    }
}

impl Fence {
    /// Builds the service on a migrated database. `storage` is usually [`storage::S3Store`] over
    /// [`Config::buckets`]; `http` asks other issuers and follows no redirects.
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
        http: &reqwest::Client,
    ) -> Result<Arc<Self>, ConfigError> {
        let upstreams = upstreams(&config);
        let checked = config.check(&|idp| upstreams.contains_key(&route(idp)))?;
        let providers = providers::issuers(&upstreams, http);
        config.warn_of_upload_buckets()?;
        let verifier = Arc::new(Verifier::local(&keys, vec![config.base_url.clone()]));
        let issuer = Issuer::new(keys.clone(), &config.base_url);
        let secrets = SecretChecks::default();
        Ok(Arc::new(Self {
            config,
            checked,
            pool,
            keys,
            verifier,
            issuer,
            secrets,
            providers,
            authz,
            index,
            storage,
            recorder: OnceLock::new(),
        }))
    }
}
