//! The service itself.

use std::{sync::Arc, time::Duration};

use authz::Authz;
use dataaccess::DataAccess;
use indexclient::IndexClient;
use sqlx::PgPool;
use tokens::Verifier;

use crate::{config::Config, places::Places};

/// Requests that read much of a table or answer much of it, at the same time. Anybody may send them.
const LARGE_AT_ONCE: usize = 4;
/// Lists of documents at the same time: each may have as much memory as an answer may have bytes.
const LISTS_AT_ONCE: usize = 16;
/// Who has not come to it in this time is asked to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The service, built once.
pub struct Metadata {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) files: Arc<dyn DataAccess>,
    pub(crate) verifier: Arc<Verifier>,
    /// For large requests, until their answers are made.
    pub(crate) large: Places,
    /// For lists of documents, until their answers are made.
    pub(crate) lists: Places,
}

impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Whom the service asks.
pub struct Neighbours {
    /// arborist.
    pub authz: Arc<dyn Authz>,
    /// indexd.
    pub index: Arc<dyn IndexClient>,
    /// fence.
    pub files: Arc<dyn DataAccess>,
    /// Whose tokens are valid.
    pub verifier: Arc<Verifier>,
}

impl Metadata {
    /// A service on a database that [`migrate`](crate::migrate) has prepared.
    pub fn build(config: Config, pool: PgPool, neighbours: Neighbours) -> Arc<Self> {
        let Neighbours { authz, index, files, verifier } = neighbours;
        let large = Places::new(LARGE_AT_ONCE, PATIENCE);
        let lists = Places::new(LISTS_AT_ONCE, PATIENCE);
        Arc::new(Self { config, pool, authz, index, files, verifier, large, lists })
    }
}
