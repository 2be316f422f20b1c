//! Building all services on their databases, and connecting them.

use std::{collections::HashMap, net::TcpListener, sync::Arc};

use anyhow::Context as _;
use arborist::Arborist;
use auditlog::{Recorder, Recording};
use authz::Authz;
use dataaccess::DataAccess;
use fence::{AuditLogs, Fence, Housekeeping, LocalAccounts, upload_indexing::UploadIndexing};
use gateway::{Gateway, Login, Table};
use guppy::Guppy;
use indexclient::{HttpIndex, IndexClient};
use indexd::{FixedBuckets, Indexd};
use indexmap::IndexMap;
use measures::{Measured, Measures};
use metadata::Metadata;
use objectstore::{EmbeddedS3, Settings};
use peregrine::Peregrine;
use portal::Portal;
use serde_json::{Map, json};
use sheepdog::Sheepdog;
use storage::{AwsCredentials, BucketConfig, Location, ObjectStore};
use tokens::Verifier;
use tokio::sync::mpsc::Receiver;
use web::{Current, Service};
use workqueue::Worker;
use workspace::Keeper;

use super::{
    buckets, documents,
    ground::Ground,
    login_providers, operating,
    pools::Pools,
    small::{self, Neighbours},
    wts::WtsClient,
};
use crate::{
    explorer::{self, Explorer},
    http_client::{http_client, neighbour_client},
    operations::{IndexScan, Uploads},
    queries::QueryArgs,
    reload::Served,
    state::State,
    version::{COMMIT, VERSION},
    workflows::{self, WithWorkflows},
};

/// The bucket that uploads go to.
const BUCKET: &str = operating::UPLOADS;
/// The embedded store has no regions, but signatures name one.
const REGION: &str = "us-east-1";
/// Name of the object store's keys in fence's configuration.
const CREDENTIALS: &str = "embedded";

/// The embedded object store.
pub(crate) fn start_object_store(
    state: &State,
    ground: &Ground,
    listener: TcpListener,
) -> anyhow::Result<EmbeddedS3> {
    let settings = Settings {
        folder: state.path("objects"),
        access_key: ground.secrets.store_access_key.clone(),
        secret_key: ground.secrets.store_secret_key.clone(),
        buckets: buckets_of(ground),
        reserve: ground.object_store_reserve,
    };
    let store = EmbeddedS3::start(&settings, listener)?;
    if ground.object_store_versions {
        store.keep_versions(BUCKET)?;
    }
    Ok(store)
}

/// The buckets of the embedded store. That of the archive is there where something is kept in it.
fn buckets_of(ground: &Ground) -> Vec<String> {
    let archive = ground.archive_tiers.as_ref().map(|_| operating::ARCHIVE_BUCKET);
    let tasks = ground.workflows.workflows.map(|_| workflows::BUCKET);
    let buckets = [BUCKET, documents::BUCKET, operating::BUCKET].into_iter().chain(archive).chain(tasks);
    buckets.map(str::to_owned).collect()
}

/// All services in the order of the ports, the gateway in front of them, and what runs beside them.
pub(crate) struct All {
    pub(crate) services: Vec<Arc<dyn Service>>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) upload_indexing: Vec<UploadIndexing>,
    /// What writes down who logged in and who got which file.
    pub(crate) recording: Recording,
    /// What clears away what is over.
    pub(crate) housekeeping: Housekeeping,
    /// The services that serve from the dictionary, in the order of their replacement.
    pub(crate) served: Vec<Arc<dyn Served>>,
    /// What keeps the explorer's indices as the graph is.
    pub(crate) explorer: Explorer,
    /// What does operations.
    pub(crate) worker: Worker,
    /// What looks after workspaces.
    pub(crate) keeper: Keeper,
    /// What runs tasks.
    pub(crate) tasks: workflow::Keeper,
}

/// Builds and connects all services.
///
/// # Errors
/// For a configuration that a service refuses.
pub(crate) fn build(
    state: &State,
    ground: &Ground,
    pools: &Pools,
    object_store: &mut EmbeddedS3,
    wts_client: Option<&WtsClient>,
    measures: &Measures,
) -> anyhow::Result<All> {
    let client = http_client()?;
    let neighbour = neighbour_client(&ground.secrets.service_secret)?;
    let config = fence_config(ground)?;
    let archived = operating::archive_stores(ground, &config, &client)?;
    let uploads_elsewhere = !config.allowed_data_upload_buckets.is_empty();
    let store: Arc<dyn ObjectStore> = Arc::new(config.stores(&client)?);
    let (arborist, indexd, neighbours) = spine(ground, pools, &config, &neighbour);
    let scan = IndexScan::of(&config, store.clone(), neighbours.index.clone())?;
    let buckets = config.clone();
    let uploads = Uploads::of(&config, &*store, client.clone());
    let fence = build_fence(config, ground, pools, &neighbours, store.clone())?;
    let audit = small::audit(pools.audit.clone(), neighbours.authz.clone());
    let (recorder, recording) = Recorder::start(small::audit_log(ground, &audit, &neighbour));
    fence.record_to(recorder);
    measures.add(|registry| fence.register_counts(registry));
    let (writing, reading) = graph_configs(&ground.queries);
    let sheepdog = Current::new(build_sheepdog(writing, ground, pools, &neighbours)?);
    let peregrine = Current::new(build_peregrine(reading, ground, pools, &neighbours));
    let served: Vec<Arc<dyn Served>> = vec![Arc::new(peregrine.clone()), Arc::new(sheepdog.clone())];
    let guppy = build_guppy(ground, pools, &neighbours)?;
    measures.add(|registry| neighbours.verifier.register(registry));
    measures.add(|registry| arborist.register_counts(registry));
    let explorer = start_explorer(state, ground, pools, (&guppy, &peregrine), measures);
    let rights = small::rights(ground, &arborist, &neighbour);
    fence.give_rights_through(rights.clone());
    let around = small::Around { ground, pools, neighbours: &neighbours, client: &client };
    let (requestor, library) = (around.requestor(rights)?, around.library());
    let wts = around.wts(wts_client)?;
    let metadata = build_metadata(pools, &neighbours, small::data_access(ground, &fence, &neighbour));
    let completed = completed_uploads(object_store)?;
    let index = neighbours.index.clone();
    let told = UploadIndexing::start_telling(index, store, BUCKET, completed, metadata.clone());
    // Stores elsewhere do not tell this process of uploads.
    let asked = if uploads_elsewhere { fence.index_uploads() } else { None };
    let upload_indexing = std::iter::once(told).chain(asked).collect();
    let beside = operating::Beside {
        fence: fence.clone(),
        guppy: guppy.clone(),
        peregrine: peregrine.clone(),
        authz: neighbours.authz.clone(),
        explorer: explorer.asking(),
        index: neighbours.index.clone(),
        stores: archived,
        buckets,
        scan,
        uploads,
        state: state.clone(),
        objects: state.path("objects"),
        databases: operating::Databases::of(pools),
    };
    let (workspaces, keeper) = around.workspaces(state, small::api_keys(ground, &fence, &neighbour))?;
    let (tasks_service, tasks) = around.workflows(state, small::data_access(ground, &fence, &neighbour))?;
    let workspaces = Arc::new(WithWorkflows { workspaces, workflows: tasks_service });
    let (operations, worker, health) = operating::build(ground, beside, measures)?;
    let manifests = documents::manifests(ground, neighbours.authz.clone(), neighbours.verifier.clone())?;
    let portal = ground.portal.are_embedded().then(|| build_portal(ground, peregrine.clone()));
    let mut services: Vec<Arc<dyn Service>> =
        vec![fence.clone(), arborist, indexd, sheepdog, peregrine, guppy, audit, requestor, library, wts];
    services.extend([metadata as Arc<dyn Service>, manifests, operations, workspaces]);
    services.extend(portal.map(|portal| portal as Arc<dyn Service>));
    let services = measured(services, measures);
    health.are(&services);
    let gateway = Gateway::build(gateway_config(ground, neighbours.authz, client)?, services.clone());
    let housekeeping = Housekeeping::start(&fence);
    Ok(All {
        services,
        gateway,
        fence,
        upload_indexing,
        recording,
        housekeeping,
        served,
        explorer,
        worker,
        keeper,
        tasks,
    })
}

fn measured(services: Vec<Arc<dyn Service>>, measures: &Measures) -> Vec<Arc<dyn Service>> {
    services.into_iter().map(|service| Measured::new(service, measures) as Arc<dyn Service>).collect()
}

/// arborist, indexd, and how they are asked.
fn spine(
    ground: &Ground,
    pools: &Pools,
    fence: &fence::Config,
    neighbour: &reqwest::Client,
) -> (Arc<Arborist>, Arc<Indexd>, Neighbours) {
    let local = Arc::new(Verifier::local(&ground.keys, vec![ground.issuer()]));
    let verifier = if ground.remote_calls { remote_verifier(ground, neighbour) } else { local };
    let arborist = Arborist::build(arborist::Config::default(), pools.arborist.clone(), verifier.clone());
    let authz = small::authz(ground, &arborist, neighbour);
    let indexd = build_indexd(ground, pools, fence, authz.clone());
    let index: Arc<dyn IndexClient> =
        if ground.remote_calls { Arc::new(remote_index(ground, neighbour)) } else { indexd.clone() };
    (arborist, indexd, Neighbours { authz, index, verifier })
}

fn start_explorer(
    state: &State,
    ground: &Ground,
    pools: &Pools,
    (guppy, peregrine): (&Arc<Guppy>, &Arc<Current<Peregrine>>),
    measures: &Measures,
) -> Explorer {
    let figures = explorer::Figures::default();
    measures.add(|registry| figures.register(registry));
    let shown = peregrine.clone();
    Explorer::start(explorer::Parts {
        source: ground.explorer.clone(),
        dictionary: Box::new(move || shown.get().dictionary().clone()),
        pool: pools.sheepdog.clone(),
        engine: ground.engine.clone(),
        guppy: guppy.clone(),
        state: state.clone(),
        figures,
    })
}

/// What the store of this process tells of uploads.
fn completed_uploads(object_store: &mut EmbeddedS3) -> anyhow::Result<Receiver<Location>> {
    object_store
        .take_completed(|object| Location::new(object.bucket, object.key).ok())
        .context("the object store's notices are taken already")
}

fn build_guppy(ground: &Ground, pools: &Pools, neighbours: &Neighbours) -> anyhow::Result<Arc<Guppy>> {
    let text = ground.explorer.guppy(&ground.dictionary)?;
    let config = guppy::Config::read(Some(&text), |name| std::env::var(name).ok())
        .context("guppy's configuration cannot be used")?;
    let config = guppy::Config { version: VERSION.into(), commit: COMMIT.into(), ..config };
    let (engine, authz) = (ground.engine.clone(), neighbours.authz.clone());
    let guppy = Guppy::build_keeping(config, engine, authz, Some(pools.guppy.clone()))?;
    guppy.watch();
    Ok(guppy)
}

fn build_metadata(pools: &Pools, neighbours: &Neighbours, files: Arc<dyn DataAccess>) -> Arc<Metadata> {
    let asked = metadata::Neighbours {
        authz: neighbours.authz.clone(),
        index: neighbours.index.clone(),
        files,
        verifier: neighbours.verifier.clone(),
    };
    documents::metadata(pools.metadata.clone(), asked)
}

fn remote_verifier(ground: &Ground, client: &reqwest::Client) -> Arc<Verifier> {
    let jwks = format!("{}/.well-known/jwks", ground.address_of("fence"));
    Arc::new(Verifier::remote(jwks, vec![ground.issuer()], client.clone()))
}

fn remote_index(ground: &Ground, client: &reqwest::Client) -> HttpIndex {
    let secrets = &ground.secrets;
    HttpIndex::new(
        &ground.address_of("indexd"),
        &secrets.indexd_user,
        &secrets.indexd_password,
        client.clone(),
    )
}

fn build_indexd(ground: &Ground, pools: &Pools, fence: &fence::Config, authz: Arc<dyn Authz>) -> Arc<Indexd> {
    let host = ground.public_url.host_str().unwrap_or("localhost");
    let hostname = ground.public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let config = ground.index.applied(indexd::Config { hostname, ..indexd::Config::default() });
    // What fence says of its buckets.
    let ours = fence.s3_buckets.iter();
    let ours: Map<_, _> = ours.map(|(name, ours)| (name.clone(), json!({ "region": ours.region }))).collect();
    let ours = json!({ "S3_BUCKETS": ours, "GS_BUCKETS": {}, "AZ_BLOB_ACCOUNTS": {} });
    let buckets = Arc::new(FixedBuckets(ours));
    Indexd::build_with_buckets(config, pools.indexd.clone(), Some(authz), buckets)
}

fn fence_config(ground: &Ground) -> anyhow::Result<fence::Config> {
    let keys = AwsCredentials::key(&ground.secrets.store_access_key, &ground.secrets.store_secret_key);
    let bucket = BucketConfig {
        cred: CREDENTIALS.to_owned(),
        region: Some(REGION.to_owned()),
        endpoint_url: Some(ground.object_store_url.clone()),
        public_endpoint_url: Some(ground.public_object_store_url.clone()),
        ..BucketConfig::default()
    };
    let mut config = fence::Config {
        base_url: ground.issuer(),
        development_login: ground.development_login,
        local_accounts: LocalAccounts { enabled: ground.local_accounts.into(), ..LocalAccounts::default() },
        development_login_code: Some(ground.secrets.login_code.clone().into()),
        aws_credentials: IndexMap::from([(CREDENTIALS.to_owned(), keys)]),
        // Exports are read by GUID like any other file; nobody may upload there.
        s3_buckets: IndexMap::from([
            (BUCKET.to_owned(), bucket.clone()),
            (operating::BUCKET.to_owned(), bucket),
        ]),
        data_upload_bucket: BUCKET.to_owned(),
        enable_audit_logs: AuditLogs { presigned_url: true, login: true },
        ..fence::Config::default()
    };
    if let Some(document) = &ground.buckets {
        buckets::add(&mut config, document)?;
    }
    if let Some(document) = &ground.login_providers {
        let variable = |name: &str| std::env::var(name).ok();
        login_providers::add(&mut config, document.clone(), &variable)
            .context("--login-providers cannot be used")?;
    }
    Ok(config)
}

fn build_fence(
    config: fence::Config,
    ground: &Ground,
    pools: &Pools,
    neighbours: &Neighbours,
    store: Arc<dyn ObjectStore>,
) -> anyhow::Result<Arc<Fence>> {
    let (authz, index) = (neighbours.authz.clone(), neighbours.index.clone());
    let http = http_client()?;
    Ok(Fence::build(config, pools.fence.clone(), ground.keys.clone(), authz, index, store, &http)?)
}

/// What submissions and queries hold counts in one budget: they share the memory of the process.
fn graph_configs(queries: &QueryArgs) -> (sheepdog::Config, peregrine::Config) {
    let (version, commit) = (VERSION.to_owned(), COMMIT.to_owned());
    let writing =
        sheepdog::Config { version: version.clone(), commit: commit.clone(), ..sheepdog::Config::default() };
    let memory = writing.memory.clone();
    let reading = peregrine::Config { version, commit, memory, ..peregrine::Config::default() };
    (writing, queries.applied(reading))
}

fn build_sheepdog(
    config: sheepdog::Config,
    ground: &Ground,
    pools: &Pools,
    neighbours: &Neighbours,
) -> anyhow::Result<Arc<Sheepdog>> {
    Ok(Sheepdog::build(
        config,
        pools.sheepdog.clone(),
        ground.dictionary.clone(),
        neighbours.authz.clone(),
        neighbours.index.clone(),
        neighbours.verifier.clone(),
    )?)
}

fn build_peregrine(
    config: peregrine::Config,
    ground: &Ground,
    pools: &Pools,
    neighbours: &Neighbours,
) -> Arc<Peregrine> {
    Peregrine::build(
        config,
        pools.peregrine.clone(),
        ground.dictionary.clone(),
        neighbours.authz.clone(),
        neighbours.verifier.clone(),
    )
}

/// The portal shows the dictionary that peregrine serves at that moment.
fn build_portal(ground: &Ground, peregrine: Arc<Current<Peregrine>>) -> Arc<Portal> {
    let folder = ground.portal_config.clone();
    let pages = ground.portal_pages.clone();
    let config = portal::Config { version: VERSION.into(), commit: COMMIT.into(), folder, pages };
    Portal::build(config, Arc::new(move || peregrine.get().dictionary().clone()))
}

fn gateway_config(
    ground: &Ground,
    authz: Arc<dyn Authz>,
    client: reqwest::Client,
) -> anyhow::Result<gateway::Config> {
    let secrets = &ground.secrets;
    let login = Login { user: secrets.indexd_user.clone(), password: secrets.indexd_password.clone() };
    let table = ground.portal.over(Table::built_in()?)?;
    let mut upstreams = HashMap::new();
    ground.portal.reached_by(&mut upstreams);
    let table = match ground.public_url.host_str() {
        Some("localhost") => table.with_localhost_names()?,
        _ => table,
    };
    Ok(gateway::Config {
        public_url: ground.public_url.clone(),
        cookie_domain: None,
        credential_origins: Vec::new(),
        trusted_proxies: ground.trusted_proxies.clone(),
        table,
        upstreams,
        object_store: Some(gateway::ObjectStore {
            address: ground.object_store_url.parse().context("the object store has no address")?,
            buckets: [BUCKET, operating::BUCKET, workflows::BUCKET].map(str::to_owned).into(),
        }),
        logins: HashMap::from([("indexd".to_owned(), login)]),
        authz,
        client,
    })
}
