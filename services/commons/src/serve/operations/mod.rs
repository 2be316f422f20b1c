//! Operations alone.

mod kinds;
mod options;

use std::{path::Path, sync::Arc};

use ::operations::{Config, Operations, Parts, Purpose, manifest::Manifests};
use anyhow::Context as _;
use archive::{Archive, Depot, Tiers};
use authz::Authz;
use database::Work;
use measures::Measures;
use serde::Deserialize;
use sqlx::PgPool;
use storage::{AwsCredentials, BucketConfig, Buckets, ObjectStore, S3Store};
use url::Url;
use workqueue::{Kind, Kinds, Queue, Settings, Worker};

use super::{
    built::{Beside, Built},
    neighbours::{read, upstreams},
};
use crate::{
    http_client::http_client,
    index_options::layout_setting,
    operations::{self, Elsewhere, Exports, IndexAt, Ingest, NoExports, Place, Stores, Uploads},
    version::{COMMIT, VERSION},
};
use kinds::{fence_config, known};
pub(super) use options::OperationsArgs;

pub(super) async fn build(args: &OperationsArgs, measures: &Measures) -> anyhow::Result<Built> {
    let client = http_client()?;
    let authz = args.arborist.client(&client);
    args.database.migrated(migrate).await?;
    let pool = args.database.measured_pool(Work::Small, "operations", measures).await?;
    let exports = args.exports.as_deref().map(|file| exports(file, &client)).transpose()?;
    let (exports, exports_at) =
        exports.map_or((None, None), |(exports, at)| (Some(Arc::new(exports)), Some(at)));
    let mut all = known(args, &authz, exports.as_ref(), &client).await?;
    let manifests = exports.as_ref().map(|exports| manifests(args, exports, &client)).transpose()?;
    let ingest = manifests.clone().map(|manifests| manifests as Arc<dyn Kind>);
    all.extend(ingest);
    let archive = archive(args, pool.clone(), authz.clone(), &client)?;
    let (archive, tiers) = archive.map_or((None, Vec::new()), |(archive, tiers)| (Some(archive), tiers));
    let storage = stores(args, exports_at.into_iter().chain(tiers), &client)?;
    if let Some(archive) = &archive {
        measures.add(|registry| archive.register(registry));
    }
    all.extend(archive.iter().flat_map(archive::kinds));
    let config = Config {
        actions: operations::actions(&all),
        version: VERSION.into(),
        commit: COMMIT.into(),
        ..Config::default()
    };
    let settings = Settings {
        slots: args.slots,
        schedules: operations::schedules(&all, &args.schedules)?,
        usual_limits: operations::limits(&all),
        keep_days: args.keep_days,
        ..Settings::default()
    };
    let queue = Queue::new(pool.clone(), Kinds::new(all));
    measures.add(|registry| queue.register(registry));
    let health = Elsewhere { services: upstreams([].into_iter(), &args.watched)?, client };
    let outputs: Arc<dyn ::operations::Outputs> = match exports {
        Some(exports) => exports,
        None => Arc::new(NoExports),
    };
    let parts = Parts {
        pool,
        queue: queue.clone(),
        authz,
        health: Arc::new(health),
        outputs,
        manifests: manifests.map(|manifests| manifests as Arc<dyn Manifests>),
        archive,
        configuration: args.configuration.clone(),
        storage: Arc::new(storage),
    };
    let service = Operations::build(config, parts);
    let worker = (args.slots > 0).then(|| Worker::start(&queue, settings));
    Ok(Built { service, reload: None, beside: Beside { worker, ..Beside::default() } })
}

/// Brings the database to the form that runs and the archive need.
///
/// # Errors
/// When that cannot be done.
pub(crate) async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    workqueue::migrate(pool).await?;
    archive::migrate(pool).await?;
    Ok(::operations::migrate(pool).await?)
}

/// What takes manifests in: as bodies, and those that lie in buckets of uploads of fence's configuration.
fn manifests(
    args: &OperationsArgs,
    exports: &Arc<Exports>,
    client: &reqwest::Client,
) -> anyhow::Result<Arc<Ingest>> {
    let uploads = match kinds::fence_config(args)? {
        Some(config) => Uploads::of(&config, &config.stores(client)?, client.clone()),
        None => Uploads::nowhere(client.clone()),
    };
    Ok(Arc::new(Ingest { index: args.index.client(client), exports: exports.clone(), uploads }))
}

/// The archive that the options name, and where its tiers are.
fn archive(
    args: &OperationsArgs,
    pool: PgPool,
    authz: Arc<dyn Authz>,
    client: &reqwest::Client,
) -> anyhow::Result<Option<(Arc<Archive>, Vec<Place>)>> {
    let Some(file) = &args.archive_tiers else { return Ok(None) };
    let told = || format!("{} cannot be used", file.display());
    let mut document = crate::documents::yaml(file)?;
    let map = document.as_object_mut().with_context(told)?;
    // What is not about tiers is fence's.
    let mut own = serde_json::Map::new();
    for name in ["tiers", "default"] {
        own.extend(map.shift_remove(name).map(|value| (name.to_owned(), value)));
    }
    let tiers = Tiers::from_document(own.into()).with_context(told)?;
    let mut config = fence::Config::from_document(&document).with_context(told)?;
    // Parts are sent from this process.
    for bucket in config.s3_buckets.values_mut() {
        bucket.public_endpoint_url = None;
    }
    let stores: Arc<dyn ObjectStore> = Arc::new(config.stores(client).with_context(told)?);
    let places = operations::of_tiers(&tiers, &config, &stores);
    let depot = Depot::new(stores, client.clone(), &tiers);
    let index = args.index.client(client);
    Ok(Some((Archive::build(archive::Parts { pool, index, authz, tiers, depot }), places)))
}

/// The stores that the options name; what is in them where the database of the file index is named, too.
fn stores(
    args: &OperationsArgs,
    more: impl Iterator<Item = Place>,
    client: &reqwest::Client,
) -> anyhow::Result<Stores> {
    let mut places = Vec::new();
    if let Some(mut config) = fence_config(args)? {
        // They are looked at from this process.
        for bucket in config.s3_buckets.values_mut() {
            bucket.public_endpoint_url = None;
        }
        let reader: Arc<dyn ObjectStore> = Arc::new(config.stores(client)?);
        places = operations::of_fence(&config, &reader);
    }
    places.extend(more);
    let index = args.index_database.as_deref().map(|url| {
        Ok::<_, anyhow::Error>(IndexAt { records: kinds::pool(url)?, layout: layout_setting(Some(url))? })
    });
    Ok(Stores::of(places, index.transpose()?))
}

/// The bucket of exports.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportsConfig {
    bucket: String,
    #[serde(default)]
    aws_access_key_id: String,
    #[serde(default)]
    aws_secret_access_key: String,
    endpoint_url: Option<String>,
    public_endpoint_url: Option<String>,
    region: Option<String>,
}

/// What writes exports, and where.
fn exports(file: &Path, client: &reqwest::Client) -> anyhow::Result<(Exports, Place)> {
    let told = || format!("{} cannot be used", file.display());
    let read: ExportsConfig = serde_json::from_str(&read(file)?).with_context(told)?;
    if let Some(public) = &read.public_endpoint_url {
        Url::parse(public).with_context(told)?;
    }
    let bucket = BucketConfig {
        cred: "keys".to_owned(),
        region: read.region.clone(),
        endpoint_url: read.endpoint_url.clone(),
        ..BucketConfig::default()
    };
    let store = |public: Option<String>| {
        let keys = AwsCredentials::key(&read.aws_access_key_id, &read.aws_secret_access_key);
        let bucket = BucketConfig { public_endpoint_url: public, ..bucket.clone() };
        let buckets =
            Buckets::new([(read.bucket.clone(), bucket)].into(), &[("keys".to_owned(), keys)].into());
        let buckets = buckets.with_context(told)?;
        Ok::<_, anyhow::Error>(Arc::new(S3Store::new(buckets)) as Arc<dyn ObjectStore>)
    };
    let inside = store(None)?;
    let place = Place::s3(&read.bucket, &bucket, Purpose::Exports, &inside);
    let outside = store(read.public_endpoint_url.clone())?;
    Ok((Exports { bucket: read.bucket, inside, outside, client: client.clone() }, place))
}
