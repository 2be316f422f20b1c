//! The service itself, and what it is built from.

use std::sync::Arc;

use archive::Archive;
use async_trait::async_trait;
use authz::Authz;
use serde_json::Value;
use tokio::sync::Semaphore;
use web::Failure;
use workqueue::Queue;

use crate::{config::Config, manifest::Manifests};

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
}

/// The service, built once.
pub struct Operations {
    pub(crate) config: Config,
    pub(crate) queue: Queue,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) outputs: Arc<dyn Outputs>,
    pub(crate) manifests: Option<Arc<dyn Manifests>>,
    pub(crate) archive: Option<Arc<Archive>>,
    pub(crate) followers: Arc<Semaphore>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Operations {
    /// A service on a database that [`workqueue::migrate`] has prepared.
    pub fn build(config: Config, parts: Parts) -> Arc<Self> {
        let Parts { queue, authz, health, outputs, manifests, archive } = parts;
        let followers = Arc::new(Semaphore::new(config.most_followers));
        Arc::new(Self { config, queue, authz, health, outputs, manifests, archive, followers })
    }
}
