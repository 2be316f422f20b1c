//! What `commons up` is told.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use url::Url;

use crate::state::StateArgs;

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
    /// Print one line of JSON once everything is ready, instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Data dictionary: a folder of YAML files, a merged JSON file, or the address of one. Default: the
    /// built-in one.
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
    /// Also load a demonstration study through the public API.
    #[arg(long)]
    pub demo: bool,
    /// Let services call each other over HTTP on loopback, as in separate containers, instead of directly.
    #[arg(long)]
    pub remote_calls: bool,
    /// Use this PostgreSQL server instead of a private one; the databases are created on it.
    #[arg(long, value_name = "URL", env = "COMMONS_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The URL by which users reach the commons. Default: http://localhost:PORT.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Basic login that may write to the file index. Default: a generated one, in the state folder.
    #[arg(long, value_name = "USER:PASSWORD", env = "COMMONS_INDEXD_LOGIN", hide_env_values = true)]
    pub indexd_login: Option<String>,
    /// No login page for anybody without a password; needed for a public URL that is not on this machine.
    #[arg(long)]
    pub no_development_login: bool,
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
    /// Folder, file or address of the dictionary; `None` for the built-in one.
    pub dictionary: Option<String>,
    /// How often the dictionary's source is looked at for changes; `None` never.
    pub dictionary_refresh: Option<Duration>,
    /// Notified, the commons loads its dictionary again.
    pub reload: Arc<tokio::sync::Notify>,
    /// The user.yaml to load; `None` makes sure of the administrator and changes nobody else's rights.
    pub user_yaml: Option<PathBuf>,
    /// Services call each other over HTTP.
    pub remote_calls: bool,
    /// PostgreSQL server in place of the private one.
    pub database_url: Option<String>,
    /// Public URL; `None` for `http://localhost:PORT`.
    pub public_url: Option<Url>,
    /// Basic login of the file index, `USER:PASSWORD`.
    pub indexd_login: Option<String>,
    /// Whether anybody may log in without a password.
    pub development_login: bool,
}

impl Options {
    /// Everything on free ports below `state`, as tests want it.
    pub fn on_free_ports(state: PathBuf) -> Self {
        Self {
            state,
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            port: 0,
            dictionary: None,
            dictionary_refresh: None,
            reload: Arc::default(),
            user_yaml: None,
            remote_calls: false,
            database_url: None,
            public_url: None,
            indexd_login: None,
            development_login: true,
        }
    }

    pub(super) fn from_args(args: &UpArgs) -> Self {
        Self {
            state: args.state.folder.clone(),
            host: args.host,
            port: args.port,
            dictionary: args.dictionary.clone(),
            dictionary_refresh: refresh(args),
            reload: Arc::default(),
            user_yaml: args.user_yaml.clone(),
            remote_calls: args.remote_calls,
            database_url: args.database_url.clone(),
            public_url: args.public_url.clone(),
            indexd_login: args.indexd_login.clone(),
            development_login: !args.no_development_login,
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
