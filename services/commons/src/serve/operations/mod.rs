//! Operations alone: their options.

mod kinds;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ::operations::{Config, Operations, Parts};
use anyhow::Context as _;
use archive::{Archive, Depot, Tiers};
use authz::Authz;
use clap::Args;
use database::Work;
use measures::Measures;
use serde::Deserialize;
use sqlx::PgPool;
use storage::{AwsCredentials, BucketConfig, Buckets, ObjectStore, S3Store};
use url::Url;
use workqueue::{Kinds, Queue, Settings, Worker};

use super::{
    built::{Beside, Built},
    neighbours::{read, upstreams},
    options::{ArboristAt, Database, DictionaryAt, IndexdAt, Listen},
};
use crate::{
    http_client::http_client,
    operations::{self, BackupArgs, Elsewhere, Exports, NoExports},
    version::{COMMIT, VERSION},
};
use kinds::known;

/// Options of operations. What can be done follows from what is named: expired-clients with fence's
/// database, usersync with a user.yaml beside it, pfb-export with the graph's database, guppy's
/// configuration and a bucket, and so on.
#[derive(Debug, Clone, Args)]
pub struct OperationsArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Runs that this process does at once; 0 leaves them to others.
    #[arg(long, value_name = "NUMBER", env = "SLOTS", default_value_t = 2, value_parser = slots)]
    pub slots: usize,
    /// Days for which runs are kept that have ended.
    #[arg(long, value_name = "DAYS", env = "KEEP_DAYS", default_value_t = 90)]
    pub keep_days: u16,
    /// A service of the commons whose state is shown, as NAME=URL of what answers 2xx when it can serve; may
    /// be repeated.
    #[arg(long = "watch", value_name = "NAME=URL", env = "WATCHED_SERVICES", value_delimiter = ',')]
    pub watched: Vec<String>,
    /// When an operation is done by itself, as KIND=CRON with cron's five fields in UTC; KIND=never for not
    /// at all. May be repeated; in the variable they are separated by semicolons.
    #[arg(long = "schedule", value_name = "KIND=CRON", env = "SCHEDULES", value_delimiter = ';')]
    pub schedules: Vec<String>,
    /// The user.yaml that usersync brings into fence's and arborist's databases.
    #[arg(long, value_name = "FILE", env = "USER_YAML", requires = "arborist_database")]
    pub user_yaml: Option<PathBuf>,
    /// arborist's database.
    #[arg(long, value_name = "URL", env = "ARBORIST_DATABASE_URL", hide_env_values = true)]
    pub arborist_database: Option<String>,
    /// fence's database.
    #[arg(long, value_name = "URL", env = "FENCE_DATABASE_URL", hide_env_values = true)]
    pub fence_database: Option<String>,
    /// The graph's database.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    pub graph_database: Option<String>,
    /// The dictionary of the graph.
    #[command(flatten)]
    pub dictionary: DictionaryAt,
    /// guppy's configuration.
    #[arg(long, value_name = "FILE", env = "GUPPY_CONFIG_FILEPATH")]
    pub guppy_config: Option<PathBuf>,
    /// The search engine: Elasticsearch or OpenSearch.
    #[arg(
        long,
        value_name = "URL",
        env = "GEN3_ES_ENDPOINT",
        default_value = "http://localhost:9200",
        hide_env_values = true
    )]
    pub search_url: String,
    /// The archive: a YAML file with `tiers`, and, as in fence-config.yaml, with the buckets of its tiers and
    /// of the files (S3_BUCKETS, AWS_CREDENTIALS, and those of Google and Azure). Without it there is no
    /// archive.
    #[arg(long, value_name = "FILE", env = "ARCHIVE_TIERS")]
    pub archive_tiers: Option<PathBuf>,
    /// indexd, in which the archive writes where files are.
    #[command(flatten)]
    pub index: IndexdAt,
    /// fence-config.yaml: with it index-scan looks through the buckets of uploads, and visa-update asks
    /// providers.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// indexd's database, which index-gc holds against the graph.
    #[arg(long, value_name = "URL", env = "INDEXD_DATABASE_URL", hide_env_values = true)]
    pub index_database: Option<String>,
    /// Prefix of /programs/... in the resource paths of files, as sheepdog has it.
    #[arg(long, env = "AUTH_NAMESPACE", default_value = "")]
    pub auth_namespace: String,
    /// The metadata service's database.
    #[arg(long, value_name = "URL", env = "METADATA_DATABASE_URL", hide_env_values = true)]
    pub metadata_database: Option<String>,
    /// What metadata-aggregate-sync pulls: the original's aggregate_config.json.
    #[arg(long, value_name = "FILE", env = "AGG_MDS_CONFIG", requires = "metadata_database")]
    pub aggregate_config: Option<PathBuf>,
    /// Where backups are.
    #[command(flatten)]
    pub backups: BackupArgs,
    /// The folder of the signing keys, for backups.
    #[arg(long, value_name = "DIR", env = "FENCE_KEYS")]
    pub backup_keys: Option<PathBuf>,
    /// A file of the configuration that belongs into backups; may be repeated.
    #[arg(long = "backup-configuration", value_name = "FILE")]
    pub backup_configuration: Vec<PathBuf>,
    /// The bucket of exports: a JSON file with bucket, aws_access_key_id, aws_secret_access_key, and for a
    /// store that is not Amazon's endpoint_url, region, and public_endpoint_url, where users reach it.
    #[arg(long, value_name = "FILE", env = "EXPORTS_CONFIG")]
    pub exports: Option<PathBuf>,
}

fn slots(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|slots| *slots <= 64).ok_or_else(|| "a number from 0 to 64".to_owned())
}

pub(super) async fn build(args: &OperationsArgs, measures: &Measures) -> anyhow::Result<Built> {
    let client = http_client()?;
    let authz = args.arborist.client(&client);
    args.database.migrated(migrate).await?;
    let pool = args.database.measured_pool(Work::Small, "operations", measures).await?;
    let exports = args.exports.as_deref().map(|file| exports(file, &client)).transpose()?.map(Arc::new);
    let mut all = known(args, &authz, exports.as_ref(), &client).await?;
    let archive = archive(args, pool.clone(), authz.clone(), &client)?;
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
    let queue = Queue::new(pool, Kinds::new(all));
    measures.add(|registry| queue.register(registry));
    let health = Elsewhere { services: upstreams([].into_iter(), &args.watched)?, client };
    let outputs: Arc<dyn ::operations::Outputs> = match exports {
        Some(exports) => exports,
        None => Arc::new(NoExports),
    };
    let parts = Parts { queue: queue.clone(), authz, health: Arc::new(health), outputs, archive };
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
    Ok(archive::migrate(pool).await?)
}

/// The archive that the options name.
fn archive(
    args: &OperationsArgs,
    pool: PgPool,
    authz: Arc<dyn Authz>,
    client: &reqwest::Client,
) -> anyhow::Result<Option<Arc<Archive>>> {
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
    let stores = Arc::new(config.stores(client).with_context(told)?);
    let depot = Depot::new(stores, client.clone(), &tiers);
    let index = args.index.client(client);
    Ok(Some(Archive::build(archive::Parts { pool, index, authz, tiers, depot })))
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

fn exports(file: &Path, client: &reqwest::Client) -> anyhow::Result<Exports> {
    let told = || format!("{} cannot be used", file.display());
    let read: ExportsConfig = serde_json::from_str(&read(file)?).with_context(told)?;
    if let Some(public) = &read.public_endpoint_url {
        Url::parse(public).with_context(told)?;
    }
    let store = |public: Option<String>| {
        let keys = AwsCredentials::key(&read.aws_access_key_id, &read.aws_secret_access_key);
        let bucket = BucketConfig {
            cred: "keys".to_owned(),
            region: read.region.clone(),
            endpoint_url: read.endpoint_url.clone(),
            public_endpoint_url: public,
            ..BucketConfig::default()
        };
        let buckets =
            Buckets::new([(read.bucket.clone(), bucket)].into(), &[("keys".to_owned(), keys)].into());
        let buckets = buckets.with_context(told)?;
        Ok::<_, anyhow::Error>(Arc::new(S3Store::new(buckets)) as Arc<dyn ObjectStore>)
    };
    Ok(Exports {
        bucket: read.bucket.clone(),
        inside: store(None)?,
        outside: store(read.public_endpoint_url.clone())?,
        client: client.clone(),
    })
}
