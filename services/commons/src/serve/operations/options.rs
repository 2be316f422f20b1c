//! The options of operations.

use std::path::PathBuf;

use clap::Args;
use operations::Configuration;

use super::super::options::{ArboristAt, Database, DictionaryAt, FilesAt, IndexdAt, Listen, SearchAt};
use crate::{commands::target::IdentityDatabases, operations::BackupArgs};

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
    /// The databases of users and their rights.
    #[command(flatten)]
    pub identity: IdentityDatabases,
    /// The graph's database.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    pub graph_database: Option<String>,
    /// The dictionary of the graph.
    #[command(flatten)]
    pub dictionary: DictionaryAt,
    /// guppy's configuration.
    #[arg(long, value_name = "FILE", env = "GUPPY_CONFIG_FILEPATH")]
    pub guppy_config: Option<PathBuf>,
    /// The search engine.
    #[command(flatten)]
    pub search: SearchAt,
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
    /// Whose resources files are, as sheepdog has it.
    #[command(flatten)]
    pub files: FilesAt,
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
    /// What administrators are told of these.
    #[arg(skip)]
    pub configuration: Configuration,
}

fn slots(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|slots| *slots <= 64).ok_or_else(|| "a number from 0 to 64".to_owned())
}
