//! The options of each service.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;
use url::Url;

use crate::{front::FrontArgs, index_options::IndexArgs, pages::Pages, queries::QueryArgs};

/// Where a service listens.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "PORT", default_value_t = 8000)]
    pub port: u16,
    /// The certificate, and what clients may ask of the server.
    #[command(flatten)]
    pub front: FrontArgs,
    /// Threads that serve requests; 0 for one a core.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
}

impl Listen {
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            given => given,
        }
    }
}

/// The service's database: a URL, a creds.json, or the variables of libpq.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// The database.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// A creds.json with db_host, db_username, db_password, db_database.
    #[arg(long, value_name = "FILE", env = "CREDS_FILE")]
    pub creds: Option<PathBuf>,
    /// Host of the database.
    #[arg(long, env = "PGHOST")]
    pub pg_host: Option<String>,
    /// Port of the database.
    #[arg(long, env = "PGPORT", default_value_t = 5432)]
    pub pg_port: u16,
    /// User of the database.
    #[arg(long, env = "PGUSER")]
    pub pg_user: Option<String>,
    /// Password of the database.
    #[arg(long, env = "PGPASSWORD", hide_env_values = true)]
    pub pg_password: Option<String>,
    /// Name of the database (also PGDATABASE).
    #[arg(long, env = "PGDB")]
    pub pg_database: Option<String>,
    /// Bring the database to the form that this program needs, then serve.
    #[arg(long)]
    pub migrate: bool,
}

/// arborist, for who may do what.
#[derive(Debug, Clone, Args)]
pub struct ArboristAt {
    /// arborist's address.
    #[arg(long, value_name = "URL", env = "ARBORIST_URL", default_value = "http://arborist-service")]
    pub arborist_url: String,
}

/// indexd, for files.
#[derive(Debug, Clone, Args)]
pub struct IndexdAt {
    /// indexd's address.
    #[arg(long, value_name = "URL", env = "INDEX_CLIENT_HOST", default_value = "http://indexd-service")]
    pub index_url: String,
    /// Basic login for writing to indexd.
    #[arg(long, env = "INDEXD_USER", default_value = "gdcapi")]
    pub indexd_user: String,
    /// Its password.
    #[arg(long, env = "INDEXD_PASS", default_value = "", hide_env_values = true)]
    pub indexd_password: String,
}

/// Whose tokens are accepted.
#[derive(Debug, Clone, Args)]
pub struct Tokens {
    /// Where fence publishes its keys.
    #[arg(
        long,
        value_name = "URL",
        env = "JWKS_ENDPOINT",
        default_value = "http://fence-service/.well-known/jwks"
    )]
    pub jwks_url: String,
    /// Issuers of accepted tokens, fence's public address (may be repeated; a list with commas in the
    /// variable).
    #[arg(long = "issuer", value_name = "URL", env = "TOKEN_ISSUERS", value_delimiter = ',')]
    pub issuers: Vec<String>,
    /// Host name of the commons, for the issuer https://HOST/user.
    #[arg(long, env = "CONF_HOSTNAME")]
    pub conf_hostname: Option<String>,
}

/// The data dictionary.
#[derive(Debug, Clone, Args)]
pub struct DictionaryAt {
    /// A folder of YAML files, a merged JSON file, or the address of one. Default: the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL", env = "DICTIONARY_URL")]
    pub dictionary: Option<String>,
    /// A folder of YAML files, used when there is no address.
    #[arg(long, value_name = "DIR", env = "PATH_TO_SCHEMA_DIR")]
    pub schema_dir: Option<String>,
    /// Check every SECONDS whether the dictionary has changed, and serve the new one without a restart; 0
    /// never checks. SIGHUP makes the service check at once.
    #[arg(long, value_name = "SECONDS", env = "DICTIONARY_REFRESH", default_value_t = 0)]
    pub dictionary_refresh: u64,
}

/// Options of fence.
#[derive(Debug, Clone, Args)]
pub struct FenceArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database; the key DB of the configuration is used when nothing is given here.
    #[command(flatten)]
    pub database: Database,
    /// arborist's address. Default: the key ARBORIST of the configuration, then http://arborist-service.
    #[arg(long, value_name = "URL", env = "ARBORIST_URL")]
    pub arborist_url: Option<String>,
    /// indexd's address. Default: the key INDEXD of the configuration, then http://indexd-service.
    #[arg(long, value_name = "URL", env = "INDEX_CLIENT_HOST")]
    pub index_url: Option<String>,
    /// Basic login for writing to indexd. Default: the key INDEXD_USERNAME.
    #[arg(long, env = "INDEXD_USER")]
    pub indexd_user: Option<String>,
    /// Its password. Default: the key INDEXD_PASSWORD.
    #[arg(long, env = "INDEXD_PASS", hide_env_values = true)]
    pub indexd_password: Option<String>,
    /// The audit service's address, where ENABLE_AUDIT_LOGS of the configuration asks for it. Default: the
    /// key AUDIT_SERVICE, then http://audit-service.
    #[arg(long, value_name = "URL", env = "AUDIT_SERVICE")]
    pub audit_url: Option<String>,
    /// A queue of Amazon SQS in which a store tells of uploads, beside those of the configuration
    /// (UPLOAD_INDEXING.queues). May be given several times; in the variable a comma stands between two.
    #[arg(long = "upload-queue", value_name = "URL", env = "UPLOAD_QUEUES", value_delimiter = ',')]
    pub upload_queues: Vec<String>,
    /// fence-config.yaml.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub config: PathBuf,
    /// Folder of key pairs: DATE/jwt_private_key.pem and jwt_public_key.pem.
    #[arg(long, value_name = "DIR", env = "FENCE_KEYS", default_value = "/fence/keys")]
    pub keys: PathBuf,
}

/// Options of arborist.
#[derive(Debug, Clone, Args)]
pub struct ArboristArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// Where fence publishes its keys. Every token that one of them signed is accepted.
    #[arg(
        long,
        value_name = "URL",
        env = "JWKS_ENDPOINT",
        default_value = "http://fence-service/.well-known/jwks"
    )]
    pub jwks_url: String,
}

/// Options of indexd. Its other settings come from the environment: INDEX_CONFIG, HOSTNAME,
/// FENCE_SERVICE_URL, DIST, DRS_SERVICE_INFO, MAX_BULK_REQUEST_LENGTH, CLOUD_PROVIDER_MAP,
/// DRS_AUTHORIZATION_METADATA, DEFAULT_BEARER_ISSUER, DEFAULT_PASSPORT_ISSUER, DEFAULT_PREFERRED_TYPE,
/// USE_SINGLE_TABLE.
#[derive(Debug, Clone, Args)]
pub struct IndexdArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist's address; without it only basic logins may write.
    #[arg(long, value_name = "URL", env = "ARBORIST_URL")]
    pub arborist_url: Option<String>,
    /// Basic logins to add: USER:PASSWORD, separated by commas.
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        env = "INDEXD_LOGINS",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub login: Vec<String>,
    /// How it answers.
    #[command(flatten)]
    pub index: IndexArgs,
}

/// Whose resources files are.
#[derive(Debug, Clone, Args)]
pub struct FilesAt {
    /// Prefix of /programs/... in the resource paths of registered files.
    #[arg(long, env = "AUTH_NAMESPACE", default_value = "")]
    pub auth_namespace: String,
}

/// The search engine.
#[derive(Debug, Clone, Args)]
pub struct SearchAt {
    /// The search engine: Elasticsearch or OpenSearch. `USER:PASSWORD@` in it is a login. Several servers
    /// of a cluster have commas between them.
    #[arg(
        long,
        value_name = "URL",
        env = "GEN3_ES_ENDPOINT",
        default_value = "http://localhost:9200",
        hide_env_values = true
    )]
    pub search_url: String,
}

/// Options of sheepdog.
#[derive(Debug, Clone, Args)]
pub struct SheepdogArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// The dictionary.
    #[command(flatten)]
    pub dictionary: DictionaryAt,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// indexd.
    #[command(flatten)]
    pub indexd: IndexdAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// Whose resources files are.
    #[command(flatten)]
    pub files: FilesAt,
    /// Refuse file records whose bytes the file index does not know yet.
    #[arg(long, env = "REQUIRE_FILE_INDEX_EXISTS")]
    pub require_file_index_exists: bool,
}

/// Options of peregrine.
#[derive(Debug, Clone, Args)]
pub struct PeregrineArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// The dictionary.
    #[command(flatten)]
    pub dictionary: DictionaryAt,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// What a query may use.
    #[command(flatten)]
    pub queries: QueryArgs,
    /// Anybody may read counts of the datasets.
    #[arg(long, env = "PUBLIC_DATASETS")]
    pub public_datasets: bool,
}

/// Options of guppy. Its other settings come from the environment: TIER_ACCESS_LEVEL, TIER_ACCESS_LIMIT,
/// ANALYZED_TEXT_FIELD_SUFFIX.
#[derive(Debug, Clone, Args)]
pub struct GuppyArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Port to listen on, by its own name; it counts before the other.
    #[arg(long, value_name = "PORT", env = "GUPPY_PORT")]
    pub guppy_port: Option<u16>,
    /// The database that keeps the sets of users. Without one there are none.
    #[command(flatten)]
    pub database: Database,
    /// guppy's configuration: a JSON file with the indices, and who may see what of them.
    #[arg(long, value_name = "FILE", env = "GUPPY_CONFIG_FILEPATH")]
    pub config: Option<PathBuf>,
    /// The search engine.
    #[command(flatten)]
    pub search: SearchAt,
    /// A folder with the indices, in place of a search engine elsewhere.
    #[arg(long, value_name = "DIR", env = "SEARCH_FOLDER")]
    pub search_folder: Option<PathBuf>,
    /// arborist's address. `mock`: everybody may read private indices by queries, and nobody may download.
    #[arg(
        long,
        value_name = "URL",
        env = "GEN3_ARBORIST_ENDPOINT",
        default_value = "http://arborist-service"
    )]
    pub arborist_url: String,
}

/// Options of the gateway.
#[derive(Debug, Clone, Args)]
pub struct GatewayArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// The URL by which users reach the commons.
    #[arg(long, value_name = "URL", env = "PUBLIC_URL")]
    pub public_url: Url,
    /// Where a service is, as NAME=URL; may be repeated. Default: http://NAME-service.
    #[arg(long = "upstream", value_name = "NAME=URL", env = "UPSTREAMS", value_delimiter = ',')]
    pub upstreams: Vec<String>,
    /// Routes that replace built-in ones or are added, in the form of the built-in table.
    #[arg(long, value_name = "FILE", env = "ROUTES_FILE")]
    pub routes: Option<PathBuf>,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Basic login of indexd behind /index-admin, USER:PASSWORD.
    #[arg(long, value_name = "USER:PASSWORD", env = "INDEXD_LOGIN", hide_env_values = true)]
    pub indexd_login: Option<String>,
    /// Whose pages people see: those of `commons serve portal`, at the upstream `portal` (`embedded`);
    /// nobody's (`none`); or those of another portal, such as the original's, at this address.
    #[arg(long, value_name = "embedded|none|URL", env = "PORTAL", default_value = "none")]
    pub portal: Pages,
    /// Domain of the CSRF cookie.
    #[arg(long, env = "COOKIE_DOMAIN")]
    pub cookie_domain: Option<String>,
    /// Origins that may send credentials: a JSON list.
    #[arg(long, value_name = "JSON", env = "ORIGINS_ALLOW_CREDENTIALS")]
    pub origins_allow_credentials: Option<String>,
}
