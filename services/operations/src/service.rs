//! The service itself, and what it is built from.

use std::sync::Arc;

use archive::Archive;
use async_trait::async_trait;
use authz::Authz;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use web::Failure;
use workqueue::Queue;

use crate::{
    config::Config, configuration::Configuration, manifest::Manifests, storage::Storage, survey::Survey,
};

/// Whether a service can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Its name.
    pub service: String,
    /// What it waits for, if it cannot.
    pub ready: Result<(), String>,
}

/// Who knows whether the services of the commons can serve.
#[async_trait]
pub trait Health: Send + Sync {
    /// Looks at all of them now.
    async fn look(&self) -> Vec<Looked>;
}

/// Who knows what sower's clients get for the result of a run.
#[async_trait]
pub trait Outputs: Send + Sync {
    /// The line that they get: a URL that can be used now, or a GUID.
    ///
    /// # Errors
    /// When no URL can be signed.
    async fn output(&self, result: &Value) -> Result<String, Failure>;
}

/// What the service is built from.
pub struct Parts {
    /// The database of the queue, which [`migrate`](crate::migrate) has prepared.
    pub pool: PgPool,
    /// The queue, with its kinds.
    pub queue: Queue,
    /// arborist.
    pub authz: Arc<dyn Authz>,
    /// The state of the services.
    pub health: Arc<dyn Health>,
    /// What jobs give.
    pub outputs: Arc<dyn Outputs>,
    /// Who takes in manifests, where that can be done.
    pub manifests: Option<Arc<dyn Manifests>>,
    /// The archive, where there is one.
    pub archive: Option<Arc<Archive>>,
    /// With what the commons runs.
    pub configuration: Configuration,
    /// Its stores.
    pub storage: Arc<dyn Storage>,
}

/// The service, built once.
pub struct Operations {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) queue: Queue,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) outputs: Arc<dyn Outputs>,
    pub(crate) manifests: Option<Arc<dyn Manifests>>,
    pub(crate) archive: Option<Arc<Archive>>,
    pub(crate) configuration: Configuration,
    pub(crate) survey: Arc<Survey>,
    pub(crate) started: DateTime<Utc>,
    pub(crate) followers: Arc<Semaphore>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Operations {
    /// A service on a database that [`workqueue::migrate`] and [`migrate`](crate::migrate) have prepared.
    pub fn build(config: Config, parts: Parts) -> Arc<Self> {
        let Parts { pool, queue, authz, health, outputs, manifests, archive, configuration, storage } = parts;
        let followers = Arc::new(Semaphore::new(config.most_followers));
        let (survey, started) = (Survey::of(storage), Utc::now());
        Arc::new(Self {
            config,
            pool,
            queue,
            authz,
            health,
            outputs,
            manifests,
            archive,
            configuration,
            survey,
            started,
            followers,
        })
    }
}
