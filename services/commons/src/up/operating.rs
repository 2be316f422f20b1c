//! Operations of a commons in one process: what it can do, and the worker that does it.

use std::sync::Arc;

use anyhow::Context as _;
use authz::Authz;
use fence::Fence;
use guppy::Guppy;
use operations::{Config, Operations, Parts};
use peregrine::Peregrine;
use sqlx::PgPool;
use storage::{AwsCredentials, BucketConfig, Buckets, ObjectStore, S3Store};
use web::Current;
use workqueue::{Kind, Kinds, Queue, Settings, Worker};

use super::ground::Ground;
use crate::{
    explorer::Asking,
    http_client::http_client,
    operations::{self as kinds, Etl, ExpiredAccess, ExpiredClients, Exports, PfbExport, Services, Usersync},
    version::{COMMIT, VERSION},
};

/// The bucket of exports, to which the public front leads.
pub(super) const BUCKET: &str = "commons-exports";
/// Name of the object store's keys in the configuration of the bucket.
const CREDENTIALS: &str = "embedded";

/// The services that operations work with.
pub(super) struct Beside {
    pub(super) fence: Arc<Fence>,
    pub(super) guppy: Arc<Guppy>,
    pub(super) peregrine: Arc<Current<Peregrine>>,
    pub(super) authz: Arc<dyn Authz>,
    pub(super) explorer: Asking,
    pub(super) databases: Databases,
}

/// Connections to the databases that operations work on.
pub(super) struct Databases {
    pub(super) fence: PgPool,
    pub(super) arborist: PgPool,
    pub(super) graph: PgPool,
    /// Their own.
    pub(super) operations: PgPool,
}

/// The service, its worker, and what has to hear of all services.
///
/// # Errors
/// When the bucket cannot be used.
pub(super) fn build(
    ground: &Ground,
    beside: Beside,
) -> anyhow::Result<(Arc<Operations>, Worker, Arc<Services>)> {
    let exports = Arc::new(exports(ground)?);
    let databases = beside.databases;
    let peregrine = beside.peregrine;
    let graph = kinds::Graph {
        pool: databases.graph,
        dictionary: Box::new(move || peregrine.get().dictionary().clone()),
    };
    let (guppy, authz) = (beside.guppy, beside.authz.clone());
    let mut all: Vec<Arc<dyn Kind>> = vec![
        Arc::new(Etl(beside.explorer)),
        Arc::new(ExpiredAccess { fence: beside.fence, pool: databases.fence.clone() }),
        Arc::new(ExpiredClients(databases.fence.clone())),
        Arc::new(PfbExport::of(kinds::Source { graph, guppy, authz, exports: exports.clone() })),
    ];
    if let Some(file) = ground.user_yaml.clone() {
        let (fence, arborist) = (databases.fence, databases.arborist);
        all.push(Arc::new(Usersync { file, fence, arborist }));
    }
    let config = Config {
        actions: kinds::actions(&all),
        version: VERSION.into(),
        commit: COMMIT.into(),
        ..Config::default()
    };
    let settings = Settings { schedules: kinds::schedules(&all)?, ..Settings::default() };
    let queue = Queue::new(databases.operations, Kinds::new(all));
    let health = Arc::new(Services::default());
    let parts = Parts { queue: queue.clone(), authz: beside.authz, health: health.clone(), outputs: exports };
    Ok((Operations::build(config, parts), Worker::start(&queue, settings), health))
}

fn exports(ground: &Ground) -> anyhow::Result<Exports> {
    let store = |public: Option<&String>| {
        let keys = AwsCredentials::key(&ground.secrets.store_access_key, &ground.secrets.store_secret_key);
        let bucket = BucketConfig {
            cred: CREDENTIALS.to_owned(),
            endpoint_url: Some(ground.object_store_url.clone()),
            public_endpoint_url: public.cloned(),
            ..BucketConfig::default()
        };
        let buckets =
            Buckets::new([(BUCKET.to_owned(), bucket)].into(), &[(CREDENTIALS.to_owned(), keys)].into())
                .context("the bucket of exports cannot be used")?;
        Ok::<_, anyhow::Error>(Arc::new(S3Store::new(buckets)) as Arc<dyn ObjectStore>)
    };
    Ok(Exports {
        bucket: BUCKET.to_owned(),
        inside: store(None)?,
        outside: store(Some(&ground.public_object_store_url))?,
        client: http_client()?,
    })
}
