//! The service: its configuration and its neighbours.

use std::sync::{Arc, OnceLock, atomic::AtomicBool};

use auditlog::Recorder;
use authz::Authz;
use database::Gathered;
use indexclient::IndexClient;
use indexmap::IndexMap;
use policystore::TimedStore;
use sqlx::PgPool;
use storage::ObjectStore;
use tokens::{SigningKeys, Verifier};
use web::Failure;

use crate::{
    config::{Checked, Config, ConfigError},
    counting::Counts,
    error::Error,
    identity::{issuer::Issuer, secrets::SecretChecks},
    local::hashing::Hashing,
    passports::VisaIssuers,
    providers::{self, Behind, SHIBBOLETH, route, upstreams},
    store::standing::Standings,
};

/// The service, built once.
pub struct Fence {
    pub(crate) config: Config,
    pub(crate) checked: Checked,
    pub(crate) pool: PgPool,
    /// Asked for each token that must not have been revoked.
    pub(crate) standings: Gathered<Standings>,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) issuer: Issuer,
    pub(crate) secrets: SecretChecks,
    pub(crate) hashing: Hashing,
    /// Other issuers through which users log in, by the last part of their login's path.
    pub(crate) providers: IndexMap<String, providers::Issuer>,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) storage: Arc<dyn ObjectStore>,
    /// Where logins and signed URLs are noted, if anywhere.
    pub(crate) recorder: OnceLock<Recorder>,
    /// Signed URLs and logins.
    pub(crate) counts: Counts,
    /// Where rights are kept that a login or a passport gives.
    rights: OnceLock<Arc<dyn TimedStore>>,
    /// Identity providers behind others.
    pub(crate) behind: Behind,
    /// Calls other servers, and follows no redirects.
    pub(crate) http: reqwest::Client,
    /// Whose passports and visas count.
    pub(crate) visas: VisaIssuers,
    /// Who signs what Pub/Sub pushes, if that counts.
    pub(crate) pushers: VisaIssuers,
    /// Whether uploads are noted in the table of those whose records are to be filled.
    pub(crate) notes_uploads: AtomicBool,
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence").field("base_url", &self.config.base_url).finish_non_exhaustive()
    }
}

impl Fence {
    /// Builds the service on a migrated database. `storage` is usually what
    /// [`Config::stores`] gives; `http` asks other issuers and follows no redirects.
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
        let by_proxy = config.shibboleth.is_on();
        let checked =
            config.check(&|idp| upstreams.contains_key(&route(idp)) || (idp == SHIBBOLETH && by_proxy))?;
        let providers = providers::issuers(&upstreams, http);
        config.warn_of_upload_buckets()?;
        let behind = Behind::new(&config, http.clone());
        let visas =
            VisaIssuers::new(&config.visas.ga4gh_visa_issuer_allowlist, &config.base_url, http.clone());
        let pushers: Vec<String> =
            config.upload_indexing.pubsub.iter().map(|pubsub| pubsub.issuer.clone()).collect();
        let pushers = VisaIssuers::new(&pushers, &config.base_url, http.clone());
        let verifier = Arc::new(Verifier::local(&keys, vec![config.base_url.clone()]));
        let issuer = Issuer::new(keys.clone(), &config.base_url);
        let secrets = SecretChecks::default();
        Ok(Arc::new(Self {
            config,
            checked,
            standings: Gathered::new(pool.clone(), Standings),
            pool,
            keys,
            verifier,
            issuer,
            secrets,
            hashing: Hashing::default(),
            providers,
            authz,
            index,
            storage,
            recorder: OnceLock::new(),
            counts: Counts::default(),
            rights: OnceLock::new(),
            behind,
            http: http.clone(),
            visas,
            pushers,
            notes_uploads: AtomicBool::new(false),
        }))
    }

    /// Gives the rights that logins and passports give through `store`. Only the first call counts.
    pub fn give_rights_through(&self, store: Arc<dyn TimedStore>) {
        if self.rights.set(store).is_err() {
            tracing::warn!("fence gives rights through the store that it had first");
        }
    }

    /// Where rights are kept that a login or a passport gives.
    ///
    /// # Errors
    /// Where the program has named none.
    pub(crate) fn rights(&self) -> Result<&dyn TimedStore, Error> {
        let missing = || Failure::internal("finding where rights are kept", "no store of rights was named");
        Ok(self.rights.get().ok_or_else(missing)?.as_ref())
    }
}
