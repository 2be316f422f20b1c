//! Operations of a commons in one process: what it can do, and the worker that does it.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use archive::{Archive, Depot, Disk};
use authz::Authz;
use fence::Fence;
use guppy::Guppy;
use indexclient::IndexClient;
use measures::Measures;
use operations::{Config, Operations, Parts, Purpose};
use peregrine::Peregrine;
use sqlx::PgPool;
use storage::{AwsCredentials, Bucket, BucketConfig, Buckets, ObjectStore, S3Store};
use web::Current;
use workqueue::{Kind, Kinds, Queue, Settings, Worker};

use super::{documents, ground::Ground, pools::Pools};
use crate::{
    explorer::Asking,
    http_client::http_client,
    operations::{
        self as kinds, AggregateSync, Etl, ExpiredAccess, ExpiredClients, Exports, IndexAt, IndexGc,
        IndexScan, Ingest, ManifestExport, ObjectScrub, PfbExport, Place, Services, Stores, Uploads,
        Usersync, Whole,
    },
    state::State,
    version::{COMMIT, VERSION},
    workflows,
};

/// The bucket of exports, to which the public front leads.
pub(super) const BUCKET: &str = "commons-exports";
/// The bucket that uploads go to.
pub(super) const UPLOADS: &str = "commons-data";
/// The bucket of the archive in the embedded store. The public front does not lead to it.
pub(super) const ARCHIVE_BUCKET: &str = "commons-archive";
/// What the archive leaves free on the disk of the embedded store, unless uploads leave more.
const RESERVE: u64 = 1 << 30;
/// Name of the object store's keys in the configuration of the bucket.
const CREDENTIALS: &str = "embedded";

/// The services that operations work with.
pub(super) struct Beside {
    pub(super) fence: Arc<Fence>,
    pub(super) guppy: Arc<Guppy>,
    pub(super) peregrine: Arc<Current<Peregrine>>,
    pub(super) authz: Arc<dyn Authz>,
    pub(super) explorer: Asking,
    pub(super) index: Arc<dyn IndexClient>,
    /// The stores of the archive, if there is one.
    pub(super) stores: Option<Arc<dyn ObjectStore>>,
    /// What fence is told of buckets.
    pub(super) buckets: fence::Config,
    /// What looks through buckets.
    pub(super) scan: IndexScan,
    pub(super) state: State,
    /// Where manifests are uploaded.
    pub(super) uploads: Uploads,
    /// The folder of the embedded store.
    pub(super) objects: PathBuf,
    pub(super) databases: Databases,
}

/// Connections to the databases that operations work on.
pub(super) struct Databases {
    pub(super) fence: PgPool,
    pub(super) arborist: PgPool,
    pub(super) graph: PgPool,
    pub(super) indexd: PgPool,
    pub(super) metadata: PgPool,
    /// Their own.
    pub(super) operations: PgPool,
}

impl Databases {
    pub(super) fn of(pools: &Pools) -> Self {
        Self {
            fence: pools.fence.clone(),
            arborist: pools.arborist.clone(),
            graph: pools.sheepdog.clone(),
            indexd: pools.indexd.clone(),
            metadata: pools.metadata.clone(),
            operations: pools.operations.clone(),
        }
    }
}

/// The service, its worker, and what has to hear of all services.
///
/// # Errors
/// When the bucket cannot be used.
pub(super) fn build(
    ground: &Ground,
    beside: Beside,
    measures: &Measures,
) -> anyhow::Result<(Arc<Operations>, Worker, Arc<Services>)> {
    let exports = Arc::new(exports(ground)?);
    let archive = archive(ground, &beside)?;
    if let Some(archive) = &archive {
        measures.add(|registry| archive.register(registry));
    }
    let storage = Arc::new(stores(ground, &beside)?);
    let (authz, operations) = (beside.authz.clone(), beside.databases.operations.clone());
    let ingest = Arc::new(Ingest {
        index: beside.index.clone(),
        exports: exports.clone(),
        uploads: beside.uploads.clone(),
    });
    let mut all = known(ground, beside, exports.clone())?;
    all.push(ingest.clone());
    all.extend(archive.iter().flat_map(archive::kinds));
    let config = Config {
        actions: kinds::actions(&all),
        version: VERSION.into(),
        commit: COMMIT.into(),
        ..Config::default()
    };
    let settings = Settings {
        schedules: kinds::schedules(&all, &ground.schedules)?,
        usual_limits: kinds::limits(&all),
        ..Settings::default()
    };
    let queue = Queue::new(operations.clone(), Kinds::new(all));
    measures.add(|registry| queue.register(registry));
    let health = Arc::new(Services::default());
    let parts = Parts {
        pool: operations,
        queue: queue.clone(),
        authz,
        health: health.clone(),
        outputs: exports,
        manifests: Some(ingest),
        archive,
        configuration: ground.configuration.clone(),
        storage,
    };
    Ok((Operations::build(config, parts), Worker::start(&queue, settings), health))
}

/// What can be done, but for the archive.
fn known(ground: &Ground, beside: Beside, exports: Arc<Exports>) -> anyhow::Result<Vec<Arc<dyn Kind>>> {
    let (databases, peregrine) = (beside.databases, beside.peregrine);
    let graph = || {
        let (pool, peregrine) = (databases.graph.clone(), peregrine.clone());
        kinds::Graph { pool, dictionary: Box::new(move || peregrine.get().dictionary().clone()) }
    };
    let gc = IndexGc {
        graph: graph(),
        records: databases.indexd,
        layout: None,
        index: beside.index.clone(),
        auth_namespace: String::new(),
    };
    let (guppy, authz, index) = (beside.guppy, beside.authz, beside.index);
    let mut all: Vec<Arc<dyn Kind>> = vec![
        Arc::new(Etl(beside.explorer)),
        Arc::new(ExpiredAccess { fence: beside.fence, pool: databases.fence.clone() }),
        Arc::new(ExpiredClients(databases.fence.clone())),
        Arc::new(beside.scan),
        Arc::new(gc),
        Arc::new(ObjectScrub::of(beside.objects)),
        Arc::new(ManifestExport { index: index.clone(), exports: exports.clone() }),
        Arc::new(PfbExport::of(kinds::Source { graph: graph(), guppy, authz, exports, index })),
    ];
    if let Some(file) = ground.user_yaml.clone() {
        let (fence, arborist) = (databases.fence, databases.arborist);
        all.push(Arc::new(Usersync { file, fence, arborist }));
    }
    if let Some(file) = ground.aggregate_config.clone() {
        all.push(Arc::new(AggregateSync { file, pool: databases.metadata }));
    }
    all.extend(ground.backups.kinds(Some(Whole::State(beside.state)))?);
    Ok(all)
}

/// The archive, on the stores that fence knows and the bucket that it does not.
fn archive(ground: &Ground, beside: &Beside) -> anyhow::Result<Option<Arc<Archive>>> {
    let (Some(tiers), Some(stores)) = (ground.archive_tiers.clone(), beside.stores.clone()) else {
        return Ok(None);
    };
    let reserve = ground.object_store_reserve.unwrap_or(RESERVE);
    let disk = Disk { folder: beside.objects.clone(), reserve };
    let depot = [ARCHIVE_BUCKET, UPLOADS]
        .into_iter()
        .fold(Depot::new(stores, http_client()?, &tiers), |depot, bucket| {
            depot.with_disk(Bucket::s3(bucket), disk.clone())
        });
    let (index, authz) = (beside.index.clone(), beside.authz.clone());
    let pool = beside.databases.operations.clone();
    Ok(Some(Archive::build(archive::Parts { pool, index, authz, tiers, depot })))
}

/// All stores: those that fence knows, the other buckets of the embedded one, and the tiers of the archive.
fn stores(ground: &Ground, beside: &Beside) -> anyhow::Result<Stores> {
    let own = [
        (UPLOADS, Purpose::Uploads),
        (documents::BUCKET, Purpose::Manifests),
        (BUCKET, Purpose::Exports),
        (workflows::BUCKET, Purpose::Tasks),
    ];
    let mut config = beside.buckets.clone();
    let embedded = config.s3_buckets.get(UPLOADS).cloned().unwrap_or_default();
    let names = own.map(|(name, _)| name).into_iter().chain([ARCHIVE_BUCKET]);
    config.s3_buckets.extend(names.map(|name| (name.to_owned(), embedded.clone())));
    // This process reaches the store by its own address.
    for bucket in config.s3_buckets.values_mut() {
        bucket.public_endpoint_url = None;
    }
    let reader: Arc<dyn ObjectStore> = Arc::new(config.stores(&http_client()?)?);
    let tiers = ground.archive_tiers.iter().flat_map(|tiers| kinds::of_tiers(tiers, &config, &reader));
    let places = own
        .into_iter()
        .filter(|(name, _)| *name != workflows::BUCKET || ground.workflows.workflows.is_some())
        .map(|(name, purpose)| Place::s3(name, &embedded, purpose, &reader))
        .chain(kinds::of_fence(&beside.buckets, &reader))
        .chain(tiers);
    let reserve = ground.object_store_reserve.unwrap_or(0);
    let disk = Disk { folder: beside.objects.clone(), reserve };
    let is_own = |place: &Place| {
        own.iter().map(|(name, _)| *name).chain([ARCHIVE_BUCKET]).any(|name| place.is_in(name))
    };
    let places = places.map(|place| if is_own(&place) { place.embedded(&disk) } else { place });
    let index = IndexAt { records: beside.databases.indexd.clone(), layout: None };
    Ok(Stores::of(places.collect(), Some(index)))
}

/// The stores of the archive: those of fence, and the bucket of the embedded one.
///
/// # Errors
/// When a bucket cannot be used.
pub(super) fn archive_stores(
    ground: &Ground,
    fence: &fence::Config,
    client: &reqwest::Client,
) -> anyhow::Result<Option<Arc<dyn ObjectStore>>> {
    if ground.archive_tiers.is_none() {
        return Ok(None);
    }
    let mut config = fence.clone();
    let own = config.s3_buckets.get(UPLOADS).cloned();
    config.s3_buckets.extend(own.map(|own| (ARCHIVE_BUCKET.to_owned(), own)));
    // Parts are sent from this process, which reaches the store by its own address.
    for bucket in config.s3_buckets.values_mut() {
        bucket.public_endpoint_url = None;
    }
    Ok(Some(Arc::new(config.stores(client)?)))
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
