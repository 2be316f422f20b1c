//! `commons up`: a whole commons in one process, with a private PostgreSQL and object store.

mod administrator;
mod announcement;
pub mod databases;
mod identity;
mod ports;
mod services;

use std::{
    net::{IpAddr, TcpListener},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use dictionary::Dictionary;
use fence::upload_indexing::UploadIndexing;
use storage::embedded::EmbeddedS3;
use tokens::SigningKeys;
use url::Url;
use web::Server;

pub(crate) use administrator::with_administrator;
pub use announcement::Announcement;
pub(crate) use identity::{load as load_users, read_user_yaml, write_key_file};
pub(crate) use services::http_client;

use crate::{
    Failure,
    cli::UpArgs,
    demo, dictionaries,
    output::tell,
    reload::{Reload, Reloading, Tables, Triggers},
    state::{Lock, Run, Secrets, State},
    supervision::{End, Watch},
};
use databases::Databases;
use ports::Ports;

/// Threads that serve requests at the public port: one a core, within these bounds.
const GATEWAY_THREADS: RangeInclusive<usize> = 2..=8;
/// How often the files of the dictionary are looked at. A change is noticed by the second look.
const FILES_REFRESH: Duration = Duration::from_secs(1);
/// Threads of a service's own port.
const SERVICE_THREADS: usize = 1;

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

    fn from_args(args: &UpArgs) -> Self {
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

/// Files are looked at all the time, which costs next to nothing; addresses only if somebody says how often.
fn refresh(args: &UpArgs) -> Option<Duration> {
    let is_address = |source: &String| source.starts_with("http://") || source.starts_with("https://");
    match args.dictionary_refresh {
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None if args.dictionary.as_ref().is_some_and(is_address) => None,
        None => Some(FILES_REFRESH),
    }
}

/// A running commons.
pub struct Running {
    announcement: Announcement,
    servers: Vec<Server>,
    upload_indexing: UploadIndexing,
    reloading: Reloading,
    object_store: EmbeddedS3,
    pools: Vec<sqlx::PgPool>,
    databases: Databases,
    _lock: Lock,
}

/// What is known before the services are built.
pub(crate) struct Ground {
    pub(crate) public_url: Url,
    pub(crate) secrets: Secrets,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) object_store_url: String,
    pub(crate) service_urls: indexmap::IndexMap<String, String>,
    pub(crate) development_login: bool,
    pub(crate) remote_calls: bool,
}

impl Ground {
    /// fence's public address, which is the issuer of all tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/user", self.public_url.as_str().trim_end_matches('/'))
    }
}

impl Running {
    /// Starts a commons and returns when all of it is ready.
    ///
    /// # Errors
    /// When something is missing or in use; each text says the remedy.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let started = Instant::now();
        let state = State::open(&options.state)?;
        let lock = state.lock()?;
        let mut ports = Ports::bind(options.host, options.port)?;
        let public_url = public_url(&options, ports.gateway_port())?;
        let users = read_user_yaml(options.user_yaml.as_deref())?;
        let secrets = secrets(&state, options.indexd_login.as_deref())?;
        // All three come to their end even when one fails: half a database cluster must not stay behind.
        let (databases, keys, dictionary) = tokio::join!(
            Databases::open(&state, &secrets, options.database_url.as_deref()),
            signing_keys(state.clone()),
            dictionaries::load(options.dictionary.as_deref()),
        );
        let (dictionary, keys, databases) = (dictionary?, keys?, databases?);
        let ground = Ground {
            public_url,
            secrets,
            keys: Arc::new(keys),
            dictionary: Arc::new(dictionary),
            object_store_url: ports.object_store_url(),
            service_urls: ports.service_urls(),
            development_login: options.development_login,
            remote_calls: options.remote_calls,
        };
        let mut object_store = services::start_object_store(&state, &ground, ports.object_store)?;
        let pools = services::Pools::open(&databases)?;
        services::migrate(&pools, &ground).await?;
        match options.user_yaml {
            Some(_) => drop(load_users(&pools.fence, &pools.arborist, &users, false).await?),
            None => identity::ensure_administrator(&pools.fence, &pools.arborist, &users).await?,
        }
        let all = services::build(&ground, &pools, &mut object_store)?;
        let mut servers = vec![serve(ports.gateway, all.gateway, gateway_threads())?];
        for service in all.services {
            let listener = ports.services.swap_remove(service.name()).context("a service without a port")?;
            servers.push(serve(listener, service, SERVICE_THREADS)?);
        }
        identity::ensure_key_file(&state, &ground.issuer(), &all.fence).await?;
        let run = Run {
            url: ground.public_url.as_str().trim_end_matches('/').to_owned(),
            pid: std::process::id(),
            services: ground.service_urls.clone(),
            object_store: ground.object_store_url.clone(),
            databases: databases.urls()?,
            private_databases: matches!(databases, Databases::Private(_)),
            dictionary: options.dictionary.clone(),
        };
        state.write_run(&run)?;
        let announcement = announcement(&state, run, started);
        let upload_indexing = all.upload_indexing;
        let reload = Reload {
            source: options.dictionary.clone(),
            pool: pools.sheepdog.clone(),
            tables: Tables::Made,
            served: all.served,
            dictionary: ground.dictionary.clone(),
            state: Some(state),
        };
        let source = options.dictionary.as_deref();
        let triggers = Triggers::new(options.reload, source, options.dictionary_refresh);
        Ok(Self {
            announcement,
            servers,
            upload_indexing,
            reloading: reload.start(triggers),
            object_store,
            pools: pools.all(),
            databases,
            _lock: lock,
        })
    }

    /// What runs where.
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Lets running requests finish, then stops everything, PostgreSQL last.
    pub async fn stop(self) {
        drop(self.reloading);
        let stopping = self.servers.into_iter().map(Server::stop);
        for stopped in futures_util::future::join_all(stopping).await {
            if let Err(error) = stopped {
                tracing::error!(error = %error, "a server ended abnormally");
            }
        }
        self.upload_indexing.stop().await;
        self.object_store.stop().await;
        futures_util::future::join_all(self.pools.iter().map(sqlx::PgPool::close)).await;
        self.databases.close().await;
    }
}

/// The command.
pub(crate) async fn run(args: UpArgs) -> anyhow::Result<()> {
    let options = Options::from_args(&args);
    let mut watch = Watch::install(Some(options.reload.clone()))?;
    if !args.json {
        tell(format_args!("Starting a commons in {}", options.state.display()))?;
    }
    // A signal during the start must end it too, and stop the database on the way.
    let running = tokio::select! {
        running = Running::start(options) => running?,
        end = watch.end() => return ended(end),
    };
    let outcome = tokio::select! {
        done = be_of_use(&running, &args) => done,
        end = watch.end() => ended(end),
    };
    if !args.json {
        // Nobody may be reading any more; that is no reason not to stop in order.
        let _ = tell("stopping");
    }
    tokio::select! {
        () = running.stop() => {}
        // Dropping what still runs closes it without waiting; PostgreSQL stops in order even then.
        _ = watch.end() => eprintln!("stopping at once"),
    }
    outcome
}

/// Loads what is to be loaded, tells that everything is ready, and never returns but with an error.
async fn be_of_use(running: &Running, args: &UpArgs) -> anyhow::Result<()> {
    let announcement = running.announcement();
    if args.demo {
        let loaded = demo::load(&announcement.url, &announcement.api_key_file, !args.json).await;
        let summary = loaded.context("the demonstration study cannot be loaded")?;
        if !args.json {
            let state = if summary.was_there { "was there already" } else { "is loaded" };
            tell(format_args!(
                "The demonstration study {} {state}: {} records, {} files\n",
                summary.project_id, summary.records, summary.files
            ))?;
        }
    }
    if args.json {
        tell(serde_json::to_string(announcement)?)?;
    } else {
        tell(announcement.table(!args.no_development_login))?;
    }
    std::future::pending().await
}

fn ended(end: End) -> anyhow::Result<()> {
    match end {
        End::Signal => Ok(()),
        End::Panic(place) => bail!("a background task panicked at {place}; everything was stopped"),
    }
}

fn public_url(options: &Options, port: u16) -> anyhow::Result<Url> {
    let url = match &options.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://localhost:{port}"))?,
    };
    if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
        bail!("--public-url must be like https://commons.example.org, without a path");
    }
    if options.development_login && !gateway::is_loopback(&url) {
        bail!(
            "the development login lets anybody in without a password and is refused unless the public URL is a \
             loopback address, but it is {url}; add --no-development-login"
        );
    }
    Ok(url)
}

fn secrets(state: &State, indexd_login: Option<&str>) -> anyhow::Result<Secrets> {
    let mut secrets = state.secrets()?;
    if let Some(login) = indexd_login {
        let (user, password) = login.split_once(':').context("--indexd-login must be USER:PASSWORD")?;
        if user.is_empty() || password.is_empty() {
            return Err(Failure::Prerequisite("--indexd-login needs a user and a password".into()).into());
        }
        (secrets.indexd_user, secrets.indexd_password) = (user.to_owned(), password.to_owned());
    }
    Ok(secrets)
}

async fn signing_keys(state: State) -> anyhow::Result<SigningKeys> {
    // Finding primes takes a while.
    tokio::task::spawn_blocking(move || state.signing_keys()).await?
}

fn gateway_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.clamp(*GATEWAY_THREADS.start(), *GATEWAY_THREADS.end())
}

fn serve(listener: TcpListener, service: Arc<dyn web::Service>, threads: usize) -> anyhow::Result<Server> {
    // arborist asks nobody who he is: with its port, a web page could give its reader any right.
    let server = match service.name() {
        "arborist" => Server::start_for_programs(listener, service, threads),
        _ => Server::start(listener, service, threads),
    };
    server.context("cannot start threads")
}

fn announcement(state: &State, run: Run, started: Instant) -> Announcement {
    Announcement {
        url: run.url,
        state: state.folder().to_owned(),
        api_key_file: identity::administrator_key_file(state),
        services: run.services,
        object_store: run.object_store,
        run_file: state.path("run.json"),
        secrets_file: state.path("secrets.json"),
        ready_seconds: started.elapsed().as_secs_f64(),
    }
}
