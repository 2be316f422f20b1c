//! What `commons up` is told.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use arborist::sync::HeavyLoss;
use clap::Args;
use operations::{Configuration, Covers};
use url::Url;

use super::ports::OwnPorts;
use crate::{
    databases, dictionaries, explorer::Source, front::FrontArgs, index_options::IndexArgs,
    operations::BackupArgs, pages::Pages, queries::QueryArgs, settings::Origins, state::StateArgs,
    workflows::WorkflowArgs, workspaces::WorkspaceArgs,
};

/// How often the files of the dictionary are looked at. A change is noticed by the second look.
const FILES_REFRESH: Duration = Duration::from_secs(1);

/// Options of `commons up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Port of the gateway; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Address that the gateway listens on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Its certificate, and what clients may ask of it.
    #[command(flatten)]
    pub front: FrontArgs,
    /// Print one line of JSON once everything is ready, instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Data dictionary: a folder of YAML files, a merged JSON file, or the address of one; `built-in` is the
    /// one of the program. Default: that of the last start on this state folder.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
    /// Check every SECONDS whether the dictionary has changed, and serve the new one without a restart; 0
    /// never checks. Default: 1 for a folder or file, 0 for an address.
    #[arg(long, value_name = "SECONDS")]
    pub dictionary_refresh: Option<u64>,
    /// Load users, groups and rights, as in every Gen3 commons. The user `admin`, with every right, is added
    /// unless the file defines it. Without this option `admin` is made sure of, and nobody else's rights
    /// change.
    #[arg(long, value_name = "FILE")]
    pub user_yaml: Option<PathBuf>,
    /// Load the user.yaml even if it takes away more than half of all rights.
    #[arg(long)]
    pub yes: bool,
    /// Also load a demonstration study through the public API.
    #[arg(long)]
    pub demo: bool,
    /// Let services call each other over HTTP on loopback, as in separate containers, instead of directly.
    #[arg(long)]
    pub remote_calls: bool,
    /// Let each service also listen on a loopback port of its own, as tests of single services want it. Every
    /// account of this machine then has all rights: services trust each other.
    #[arg(long)]
    pub service_ports: bool,
    /// Use this PostgreSQL server instead of a private one; the databases are created on it. `private` is the
    /// server of the state folder. Default: that of the last start on this state folder.
    #[arg(long, value_name = "URL", env = "COMMONS_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The URL by which users reach the commons. Default: http://localhost:PORT, or https with a certificate.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// The URL by which users reach the object store, if its own port is published. Default: the public URL;
    /// the gateway passes requests for objects on.
    #[arg(long, value_name = "URL")]
    pub object_store_url: Option<Url>,
    /// Port of the object store, at the address of --host. Default: the one of the last start, or a free one,
    /// for this machine only.
    #[arg(long, value_name = "PORT")]
    pub object_store_port: Option<u16>,
    /// Uploads are refused when they would leave less than so many MiB of the disk free. Default: 1024, or a
    /// twentieth of a small disk.
    #[arg(long, value_name = "MIB")]
    pub object_store_reserve: Option<u64>,
    /// Keep what is replaced and deleted in the object store, as versions. They need room until somebody
    /// deletes them by their ids. It stays so at later starts, until a client of the store suspends it.
    #[arg(long)]
    pub object_store_versions: bool,
    /// Buckets elsewhere that are used beside the commons' own: what fence-config.yaml says of buckets
    /// (S3_BUCKETS, AWS_CREDENTIALS, ALLOWED_DATA_UPLOAD_BUCKETS, and those of Google and Azure).
    #[arg(long, value_name = "FILE")]
    pub buckets: Option<PathBuf>,
    /// Identity providers by which users log in: what fence-config.yaml says of them (OPENID_CONNECT,
    /// LOGIN_OPTIONS). `client_id: '${NAME}'`, and `client_secret` so, is what the variable NAME says.
    #[arg(long, value_name = "FILE")]
    pub login_providers: Option<PathBuf>,
    /// Basic login that may write to the file index. Default: a generated one, in the state folder.
    #[arg(long, value_name = "USER:PASSWORD", env = "COMMONS_INDEXD_LOGIN", hide_env_values = true)]
    pub indexd_login: Option<String>,
    /// The configuration of requestor, as in every Gen3 commons: statuses of requests and what follows them.
    #[arg(long, value_name = "FILE")]
    pub requestor_config: Option<PathBuf>,
    /// The configuration of the workspace token service, as in every Gen3 commons: other commons
    /// (`external_oidc`), and paths of which answers are gathered (`aggregate_endpoint_allowlist`).
    #[arg(long, value_name = "FILE")]
    pub wts_config: Option<PathBuf>,
    /// When an operation is done by itself, as KIND=CRON with cron's five fields in UTC; KIND=never for not
    /// at all. May be given several times.
    #[arg(long = "schedule", value_name = "KIND=CRON")]
    pub schedules: Vec<String>,
    /// Where archived files are kept: a YAML file with `tiers`, each with its `url` (a bucket of --buckets, a
    /// folder, or `s3://commons-archive`, which is the commons' own) and, if wanted, its `storage_class`,
    /// `mode`, `grace_days` and more. Without it there is no archive.
    #[arg(long, value_name = "FILE")]
    pub archive_tiers: Option<PathBuf>,
    /// Where operations keep backups.
    #[command(flatten)]
    pub backups: BackupArgs,
    /// Other commons whose studies are shown below /mds/aggregate: the original's aggregate_config.json. The
    /// operation `metadata-aggregate-sync` brings them here.
    #[arg(long, value_name = "FILE")]
    pub aggregate_config: Option<PathBuf>,
    /// Notebooks next to the data.
    #[command(flatten)]
    pub workspaces: WorkspaceArgs,
    /// Tasks of users.
    #[command(flatten)]
    pub workflows: WorkflowArgs,
    /// What the portal shows of this commons: a folder with `gitops.json` as in every Gen3 commons, and if
    /// wanted `img/logo.svg` (or png), `css/themeoverrides.css` and `themeColors.json`. Changes are seen at
    /// once.
    #[arg(long, value_name = "DIR")]
    pub portal_config: Option<PathBuf>,
    /// Whose pages people see: those of this program (`embedded`), nobody's (`none`), or those of another
    /// portal, such as the original's, at this address.
    #[arg(long, value_name = "embedded|none|URL", default_value = "embedded")]
    pub portal: Pages,
    /// Pages of the portal that were made elsewhere (the folder `dist` of `scripts/portal`), in the place of
    /// those in the program; read with each page.
    #[arg(long, value_name = "DIR", env = "COMMONS_PORTAL_PAGES")]
    pub portal_pages: Option<PathBuf>,
    /// What the documents of the explorer are made of: an etlMapping.yaml, as in every Gen3 commons.
    /// Default: the one that `commons etl init` writes for the dictionary.
    #[arg(long, value_name = "FILE")]
    pub etl_mapping: Option<PathBuf>,
    /// guppy's configuration, as in every Gen3 commons. Default: all indices of the mapping.
    #[arg(long, value_name = "FILE")]
    pub guppy_config: Option<PathBuf>,
    /// Search with this Elasticsearch or OpenSearch instead of the engine in the state folder.
    #[arg(long, value_name = "URL", env = "COMMONS_SEARCH_URL", hide_env_values = true)]
    pub search_url: Option<String>,
    /// Do without the explorer: no documents are made of the graph, and none can be searched.
    #[arg(long)]
    pub no_explorer: bool,
    /// How the file index answers.
    #[command(flatten)]
    pub index: IndexArgs,
    /// What a graph query may use.
    #[command(flatten)]
    pub queries: QueryArgs,
    /// No login page for anybody without a password; needed for a public URL that is not on this machine.
    #[arg(long)]
    pub no_development_login: bool,
    /// Let users log in by a password that this commons keeps. `commons user invite` makes the link by which
    /// somebody sets one.
    #[arg(long)]
    pub local_accounts: bool,
    /// Serve several commons by their host names, each in a state folder of its own: a TOML file with a
    /// section [tenant.NAME] of options for each, among them `public-url`.
    #[arg(long, value_name = "FILE")]
    pub tenants: Option<PathBuf>,
    /// Run in the background, and return as soon as everything is ready; `commons stop` ends it.
    #[arg(long, short = 'd')]
    pub detach: bool,
    /// Do without the options of earlier starts, which the state folder remembers.
    #[arg(long)]
    pub forget: bool,
}

/// What a commons on this machine is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The state folder.
    pub state: PathBuf,
    /// Address of the gateway.
    pub host: IpAddr,
    /// Port of the gateway; 0 takes a free one.
    pub port: u16,
    /// Certificate of the gateway, and what clients may ask of it.
    pub front: FrontArgs,
    /// Folder, file or address of the dictionary; `None` for the built-in one.
    pub dictionary: Option<String>,
    /// How often the dictionary's source is looked at for changes; `None` never.
    pub dictionary_refresh: Option<Duration>,
    /// Notified, the commons loads its dictionary again.
    pub reload: Arc<tokio::sync::Notify>,
    /// The user.yaml to load; `None` makes sure of the administrator and changes nobody else's rights.
    pub user_yaml: Option<PathBuf>,
    /// What becomes of a user.yaml that takes away more than half of all rights.
    pub heavy_loss: HeavyLoss,
    /// Services call each other over HTTP.
    pub remote_calls: bool,
    /// Services listen on ports of their own, open to everybody on this machine.
    pub service_ports: bool,
    /// PostgreSQL server in place of the private one.
    pub database_url: Option<String>,
    /// Public URL; `None` for `http://localhost:PORT`.
    pub public_url: Option<Url>,
    /// URL of the object store for users; `None` for the public URL.
    pub object_store_url: Option<Url>,
    /// Port of the object store at `host`; `None` for one of this machine only.
    pub object_store_port: Option<u16>,
    /// MiB of the disk that uploads leave free.
    pub object_store_reserve: Option<u64>,
    /// Whether the object store keeps what is replaced and deleted.
    pub object_store_versions: bool,
    /// What is said of buckets elsewhere.
    pub buckets: Option<PathBuf>,
    /// What is said of identity providers.
    pub login_providers: Option<PathBuf>,
    /// Basic login of the file index, `USER:PASSWORD`.
    pub indexd_login: Option<String>,
    /// The configuration of requestor.
    pub requestor_config: Option<PathBuf>,
    /// The configuration of the workspace token service.
    pub wts_config: Option<PathBuf>,
    /// When operations are done by themselves, as KIND=CRON.
    pub schedules: Vec<String>,
    /// Where archived files are kept.
    pub archive_tiers: Option<PathBuf>,
    /// Where operations keep backups.
    pub backups: BackupArgs,
    /// Other commons whose studies are shown.
    pub aggregate_config: Option<PathBuf>,
    /// Notebooks next to the data.
    pub workspaces: WorkspaceArgs,
    /// Tasks of users.
    pub workflows: WorkflowArgs,
    /// What the portal shows of this commons.
    pub portal_config: Option<PathBuf>,
    /// Whose pages people see.
    pub portal: Pages,
    /// Pages of the portal in the place of those in the program.
    pub portal_pages: Option<PathBuf>,
    /// The explorer's mapping, and guppy's configuration.
    pub explorer: Source,
    /// A search engine in place of the embedded one.
    pub search_url: Option<String>,
    /// How the file index answers.
    pub index: IndexArgs,
    /// What a graph query may use.
    pub queries: QueryArgs,
    /// Whether anybody may log in without a password.
    pub development_login: bool,
    /// Whether users may log in by a password that is kept here.
    pub local_accounts: bool,
    /// What administrators are told of all of this, if a command line has said it.
    pub configuration: Configuration,
}

impl Options {
    /// Everything on free ports below `state`, as tests want it.
    pub fn on_free_ports(state: PathBuf) -> Self {
        Self {
            state,
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            port: 0,
            front: FrontArgs::default(),
            dictionary: None,
            dictionary_refresh: None,
            reload: Arc::default(),
            user_yaml: None,
            heavy_loss: HeavyLoss::Refused,
            remote_calls: false,
            service_ports: false,
            database_url: None,
            public_url: None,
            object_store_url: None,
            object_store_port: None,
            object_store_reserve: None,
            object_store_versions: false,
            buckets: None,
            login_providers: None,
            indexd_login: None,
            requestor_config: None,
            wts_config: None,
            schedules: Vec::new(),
            archive_tiers: None,
            backups: BackupArgs::default(),
            aggregate_config: None,
            workspaces: WorkspaceArgs::default(),
            workflows: WorkflowArgs::default(),
            portal_config: None,
            portal: Pages::Embedded,
            portal_pages: None,
            explorer: Source::default(),
            search_url: None,
            index: IndexArgs::default(),
            queries: QueryArgs::default(),
            development_login: true,
            local_accounts: false,
            configuration: Configuration::default(),
        }
    }

    /// Services have ports of their own if they call each other over HTTP, or a test wants to.
    pub(super) fn own_ports(&self) -> OwnPorts {
        if self.service_ports {
            OwnPorts::Open
        } else if self.remote_calls {
            OwnPorts::Sealed
        } else {
            OwnPorts::None
        }
    }

    /// What a command line and what completes it say.
    pub(crate) fn of(args: &UpArgs, origins: &Origins) -> Self {
        Self { configuration: origins.told("up", Covers::Commons), ..Self::from_args(args) }
    }

    pub(crate) fn from_args(args: &UpArgs) -> Self {
        Self {
            state: args.state.folder.clone(),
            host: args.host,
            port: args.port,
            front: args.front.clone(),
            dictionary: args.dictionary.as_deref().and_then(dictionaries::absolute),
            dictionary_refresh: refresh(args),
            reload: Arc::default(),
            user_yaml: args.user_yaml.clone(),
            heavy_loss: if args.yes { HeavyLoss::Allowed } else { HeavyLoss::Refused },
            remote_calls: args.remote_calls,
            service_ports: args.service_ports,
            database_url: args.database_url.clone().filter(|url| url != databases::PRIVATE),
            public_url: args.public_url.clone(),
            object_store_url: args.object_store_url.clone(),
            object_store_port: args.object_store_port,
            object_store_reserve: args.object_store_reserve,
            object_store_versions: args.object_store_versions,
            buckets: args.buckets.clone(),
            login_providers: args.login_providers.clone(),
            indexd_login: args.indexd_login.clone(),
            requestor_config: args.requestor_config.clone(),
            wts_config: args.wts_config.clone(),
            schedules: args.schedules.clone(),
            archive_tiers: args.archive_tiers.clone(),
            backups: args.backups.clone(),
            aggregate_config: args.aggregate_config.clone(),
            workspaces: args.workspaces.clone(),
            workflows: args.workflows.clone(),
            portal_config: args.portal_config.clone(),
            portal: args.portal.clone(),
            explorer: Source {
                mapping: args.etl_mapping.clone(),
                guppy: args.guppy_config.clone(),
                off: args.no_explorer,
            },
            portal_pages: args.portal_pages.clone(),
            search_url: args.search_url.clone(),
            index: args.index.clone(),
            queries: args.queries.clone(),
            development_login: !args.no_development_login,
            local_accounts: args.local_accounts,
            configuration: Configuration::default(),
        }
    }
}

/// Files are checked all the time, which costs next to nothing; addresses only if somebody says how often.
fn refresh(args: &UpArgs) -> Option<Duration> {
    let is_address = |source: &String| source.starts_with("http://") || source.starts_with("https://");
    match args.dictionary_refresh {
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None if args.dictionary.as_ref().is_some_and(is_address) => None,
        None => Some(FILES_REFRESH),
    }
}
