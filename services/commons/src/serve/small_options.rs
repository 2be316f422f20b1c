//! The options of the small services beside the spine.

use std::path::PathBuf;

use clap::Args;

use super::options::{ArboristAt, Database, Listen, Tokens};

/// Options of the audit service.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// The longest time in days that one query may look at. Default: no limit.
    #[arg(long, value_name = "DAYS", env = "QUERY_TIMEBOX_MAX_DAYS")]
    pub query_timebox_max_days: Option<u32>,
    /// Records of a page.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "QUERY_PAGE_SIZE",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub query_page_size: u32,
    /// Answers have no user names, and queries may not ask for them.
    #[arg(long, env = "QUERY_NO_USERNAMES")]
    pub query_no_usernames: bool,
}

/// Options of requestor.
#[derive(Debug, Clone, Args)]
pub struct RequestorArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// Its configuration: statuses of requests and what follows them.
    #[arg(long, value_name = "FILE", env = "REQUESTOR_CONFIG_PATH")]
    pub config: Option<PathBuf>,
}

/// Options of the library.
#[derive(Debug, Clone, Args)]
pub struct LibraryArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// Lists that a user may have.
    #[arg(long, value_name = "NUMBER", env = "MAX_LISTS", default_value_t = 100)]
    pub max_lists: usize,
    /// Items that a list may have.
    #[arg(long, value_name = "NUMBER", env = "MAX_LIST_ITEMS", default_value_t = 1000)]
    pub max_list_items: usize,
}

/// Options of the workspace token service. Its other settings come from its file, and what that does not say
/// from the environment: FENCE_BASE_URL, WTS_BASE_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, ENCRYPTION_KEY,
/// SECRET_KEY, EXTERNAL_OIDC, AGGREGATE_ENDPOINT_ALLOWLIST, INTERNAL_COMMONS_URL.
#[derive(Debug, Clone, Args)]
pub struct WtsArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// Its database, by the variable of the original.
    #[arg(long, value_name = "URL", env = "SQLALCHEMY_DATABASE_URI", hide_env_values = true)]
    pub sqlalchemy_database_uri: Option<String>,
    /// A creds.json of its database, by the variable of the original.
    #[arg(long, value_name = "FILE", env = "POSTGRES_CREDS_FILE")]
    pub postgres_creds_file: Option<PathBuf>,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens. Default issuer: FENCE_BASE_URL.
    #[command(flatten)]
    pub tokens: Tokens,
    /// Its settings: the original's appcreds.json.
    #[arg(long, value_name = "FILE", env = "SECRET_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Options of the metadata service.
#[derive(Debug, Clone, Args)]
pub struct MetadataArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// indexd's address.
    #[arg(
        long,
        value_name = "URL",
        env = "INDEXING_SERVICE_ENDPOINT",
        default_value = "http://indexd-service"
    )]
    pub index_url: String,
    /// fence's address.
    #[arg(
        long,
        value_name = "URL",
        env = "DATA_ACCESS_SERVICE_ENDPOINT",
        default_value = "http://fence-service"
    )]
    pub fence_url: String,
    /// Basic logins of administrators: USER:PASSWORD, separated by commas.
    #[arg(
        long = "admin-login",
        value_name = "USER:PASSWORD",
        env = "ADMIN_LOGINS",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub admin_logins: Vec<String>,
    /// authz of new documents: a JSON object.
    #[arg(long, value_name = "JSON", env = "DEFAULT_AUTHZ_STR")]
    pub default_authz: Option<String>,
    /// Documents of one answer.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "METADATA_QUERY_RESULTS_LIMIT",
        default_value_t = 2000,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub query_results_limit: u32,
    /// Reading needs `access` to mds_gateway on /mds_metadata_queries.
    #[arg(long, env = "FORCE_AUTHZ_CHECK_FOR_METADATA_QUERIES")]
    pub force_authz_check_for_metadata_queries: bool,
}

/// Options of the manifest service.
#[derive(Debug, Clone, Args)]
pub struct ManifestsArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// arborist, which knows who was shut out.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens. Default issuer: the hostname of the configuration.
    #[command(flatten)]
    pub tokens: Tokens,
    /// Its configuration, as the original has it: manifest_bucket_name, hostname, aws_access_key_id,
    /// aws_secret_access_key, prefix; and for a store that is not Amazon's endpoint_url and region.
    #[arg(long, value_name = "FILE", env = "MANIFEST_SERVICE_CONFIG_PATH")]
    pub config: PathBuf,
}
