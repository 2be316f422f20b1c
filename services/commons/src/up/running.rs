//! Starting and stopping all of a commons.

use std::{
    net::TcpListener,
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use auditlog::Recording;
use fence::{Housekeeping, upload_indexing::UploadIndexing};
use indexmap::IndexMap;
use measures::{Measured, Measures};
use objectstore::EmbeddedS3;
use useryaml::UserYaml;
use web::{Audience, Limits, Sealed, Server, Service, Serving, Starting};
use workqueue::Worker;
use workspace::Keeper;

use super::{
    announcement::Announcement,
    ground::{Ground, public_url},
    identity,
    loading::{self, Loading},
    options::Options,
    pools::{self, Pools},
    ports::{OwnPorts, Ports, StorePort},
    services,
    wts::ensure_client,
};
use crate::{
    databases::Databases,
    explorer::{Ask, Explorer},
    pages::Pages,
    reload::{Reload, Reloading, Served, Tables, Triggers},
    state::{Lock, Run, State},
    supervision::End,
    version::{COMMIT, VERSION},
};

/// Threads that serve requests at the public port: one a core, within these bounds.
const GATEWAY_THREADS: RangeInclusive<usize> = 2..=8;
/// Threads of a service's own port.
const SERVICE_THREADS: usize = 1;
/// How often it is looked whether all parts still run.
pub(crate) const LOOK_FOR_LOSSES: Duration = Duration::from_secs(1);

/// A running commons.
pub struct Running {
    announcement: Announcement,
    local_url: String,
    warnings: Vec<String>,
    gateway: Arc<dyn Service>,
    servers: Vec<Server>,
    upload_indexing: Vec<UploadIndexing>,
    recording: Recording,
    housekeeping: Housekeeping,
    reloading: Reloading,
    explorer: Explorer,
    worker: Worker,
    keeper: Keeper,
    tasks: workflow::Keeper,
    object_store: EmbeddedS3,
    pools: Vec<sqlx::PgPool>,
    databases: Databases,
    _lock: Lock,
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
        let own_ports = options.own_ports();
        let store_port = match options.object_store_port {
            Some(port) => StorePort::Published(port),
            None => StorePort::Last(state.last_run()?.and_then(|last| last.object_store_port())),
        };
        let front = options.front.serving(gateway_threads())?;
        let figures = options.front.figures(options.host)?;
        let mut ports = Ports::bind(options.host, options.port, own_ports, store_port)?;
        if !options.portal.are_embedded() {
            ports.services.shift_remove("portal");
        }
        let starting = Starting::begin(&ports.gateway, &front)?;
        let public_url = public_url(&options, ports.gateway_port())?;
        let local_url = ports.gateway_url();
        let users = identity::read_user_yaml(options.user_yaml.as_deref())?;
        let (ground, databases) = Ground::prepare(&options, &state, &ports, public_url).await?;
        let pools = Pools::open(&databases)?;
        pools::migrate(&databases, &ground).await?;
        bring_in_users(&options, &pools, &users).await?;
        let client = ensure_client(&state, &pools.fence, &pools.arborist, &ground).await?;
        // A start that was refused until here has not opened the store, which takes a moment to close.
        let mut object_store = services::start_object_store(&state, &ground, ports.object_store)?;
        let measures = measures(&pools);
        let all = services::build(&state, &ground, &pools, &mut object_store, client.as_ref(), &measures)?;
        let services = match own_ports {
            OwnPorts::None | OwnPorts::Open => all.services,
            OwnPorts::Sealed => sealed(all.services, &ground.secrets.service_secret),
        };
        let gateway: Arc<dyn Service> = Measured::new(all.gateway, &measures);
        starting.end().await?;
        let mut servers = serve_all((gateway.clone(), ports.gateway, front), services, ports.services)?;
        servers.extend(figures.map(|figures| figures.serve(measures)).transpose()?);
        identity::ensure_key_file(&state, &ground.issuer(), &all.fence).await?;
        let warnings = undeclared(&pools.sheepdog, &ground).await?;
        let run = run_of(&ground, &databases, local_url.clone(), options.dictionary.clone())?;
        state.write_run(&run)?;
        let announcement = announcement(&state, run, &options.portal, started);
        let reloading = start_reloading(&options, &ground, &pools, all.served, state);
        Ok(Self {
            announcement,
            local_url,
            warnings,
            gateway,
            servers,
            upload_indexing: all.upload_indexing,
            recording: all.recording,
            housekeeping: all.housekeeping,
            reloading,
            explorer: all.explorer,
            worker: all.worker,
            keeper: all.keeper,
            tasks: all.tasks,
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

    /// Returns when a part has ended, if one ever does. All of them run until [`Self::stop`].
    pub(crate) async fn lost(&self) -> End {
        tokio::select! {
            part = self.lost_part() => End::Lost(part),
            why = self.databases.lost() => End::Database(why),
        }
    }

    async fn lost_part(&self) -> &'static str {
        loop {
            tokio::time::sleep(LOOK_FOR_LOSSES).await;
            let parts = [
                (self.servers.iter().all(Server::is_running), "a server of HTTP requests"),
                (self.object_store.is_running(), "the object store"),
                (self.upload_indexing.iter().all(UploadIndexing::is_running), "the indexing of uploads"),
                (self.reloading.is_running(), "the watch over the dictionary"),
                (self.explorer.is_running(), "the watch over the explorer's indices"),
                (self.worker.is_running(), "the worker of operations"),
                (self.keeper.is_running(), "what looks after workspaces"),
                (self.tasks.is_running(), "what runs tasks"),
            ];
            if let Some((_, part)) = parts.into_iter().find(|(runs, _)| !runs) {
                return part;
            }
        }
    }

    /// Brings the explorer's indices to where the graph is.
    ///
    /// # Errors
    /// When the database or the search engine fails.
    pub async fn fill_explorer(&self) -> anyhow::Result<()> {
        self.explorer.ask(Ask::Follow).await.map(drop)
    }

    /// Where this machine reaches the gateway, whatever the public URL is.
    pub fn local_url(&self) -> &str {
        &self.local_url
    }

    /// What answers at the public URL.
    pub(crate) fn gateway(&self) -> Arc<dyn Service> {
        self.gateway.clone()
    }

    /// What the operator should know: what is stored and cannot be seen.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Lets running requests finish, then stops everything, PostgreSQL last.
    pub async fn stop(self) {
        drop(self.reloading);
        // What it is doing goes back into the queue, for the next start.
        self.worker.stop().await;
        drop(self.explorer);
        let stopping = self.servers.into_iter().map(Server::stop);
        for stopped in futures_util::future::join_all(stopping).await {
            if let Err(error) = stopped {
                tracing::error!(error = %error, "a server ended abnormally");
            }
        }
        self.keeper.stop().await;
        self.tasks.stop().await;
        self.recording.stop().await;
        self.housekeeping.stop().await;
        for indexing in self.upload_indexing {
            indexing.stop().await;
        }
        self.object_store.stop().await;
        futures_util::future::join_all(self.pools.iter().map(sqlx::PgPool::close)).await;
        self.databases.close().await;
    }
}

/// What the databases of all services are used for.
fn measures(pools: &Pools) -> Measures {
    let measures = Measures::new(VERSION, COMMIT);
    for (name, pool) in pools.named() {
        measures.watch_pool(name, &pool);
    }
    measures
}

/// Looks after the dictionary from now on.
fn start_reloading(
    options: &Options,
    ground: &Ground,
    pools: &Pools,
    served: Vec<Arc<dyn Served>>,
    state: State,
) -> Reloading {
    let source = options.dictionary.as_deref();
    let triggers = Triggers::new(options.reload.clone(), source, options.dictionary_refresh);
    let reload = Reload {
        source: options.dictionary.clone(),
        pool: pools.sheepdog.clone(),
        tables: Tables::Made,
        served,
        dictionary: ground.dictionary.clone(),
        state: Some(state),
    };
    reload.start(triggers)
}

/// The users of the file, or the administrator without one; arborist hears which users are not active.
async fn bring_in_users(options: &Options, pools: &Pools, users: &UserYaml) -> anyhow::Result<()> {
    match options.user_yaml {
        Some(_) => {
            let how = Loading { heavy_loss: options.heavy_loss, most_losers: None, dry_run: false };
            drop(loading::load(&pools.fence, &pools.arborist, users, how).await?);
        }
        None => identity::ensure_administrator(&pools.fence, &pools.arborist, users).await?,
    }
    identity::tell_deactivated(&pools.fence, &pools.arborist).await
}

/// How many threads serve requests at the public port.
pub(crate) fn gateway_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.clamp(*GATEWAY_THREADS.start(), *GATEWAY_THREADS.end())
}

/// The services for those who know the secret.
fn sealed(services: Vec<Arc<dyn Service>>, secret: &str) -> Vec<Arc<dyn Service>> {
    services.into_iter().map(|service| Sealed::new(service, secret) as Arc<dyn Service>).collect()
}

/// Serves the gateway at its port, and each service at its own, if it has one.
fn serve_all(
    (gateway, public, front): (Arc<dyn Service>, TcpListener, Serving),
    services: Vec<Arc<dyn Service>>,
    mut own: IndexMap<&'static str, TcpListener>,
) -> anyhow::Result<Vec<Server>> {
    let mut servers = vec![serve(public, gateway, front)?];
    for service in services {
        let Some(listener) = own.swap_remove(service.name()) else { continue };
        // These do not authenticate who writes: through arborist's port, a web page could give its reader any
        // right.
        let trusting = matches!(service.name(), "arborist" | "audit");
        let audience = if trusting { Audience::Programs } else { Audience::Anybody };
        let limits = Limits::of_service();
        servers.push(serve(
            listener,
            service,
            Serving { audience, limits, ..Serving::with_workers(SERVICE_THREADS) },
        )?);
    }
    Ok(servers)
}

fn serve(listener: TcpListener, service: Arc<dyn Service>, serving: Serving) -> anyhow::Result<Server> {
    Server::start_with(listener, service, serving).context("cannot start threads")
}

/// Stored records whose types the dictionary does not have: nobody sees them while it is served.
async fn undeclared(graph: &sqlx::PgPool, ground: &Ground) -> anyhow::Result<Vec<String>> {
    let found = psqlgraph::survey::undeclared(graph, &ground.dictionary).await;
    let found = found.context("the graph's tables cannot be looked at")?;
    let told = |(table, records): (String, u64)| {
        let plural = if records == 1 { "" } else { "s" };
        format!(
            "{records} record{plural} in the table {table} cannot be seen, because the dictionary has no \
             such type; \
             with a dictionary that has it, they are back"
        )
    };
    Ok(found.into_iter().map(told).collect())
}

/// What the state folder says of this commons.
fn run_of(
    ground: &Ground,
    databases: &Databases,
    local_url: String,
    dictionary: Option<String>,
) -> anyhow::Result<Run> {
    Ok(Run {
        url: ground.public_address().to_owned(),
        local_url: Some(local_url),
        pid: std::process::id(),
        services: ground.service_urls.clone(),
        object_store: ground.object_store_url.clone(),
        databases: databases.urls()?,
        private_databases: matches!(databases, Databases::Private(_)),
        dictionary,
        login_url: ground.login_url(),
        local_accounts: ground.local_accounts,
    })
}

fn announcement(state: &State, run: Run, portal: &Pages, started: Instant) -> Announcement {
    Announcement {
        password_login_url: run.local_accounts.then(|| format!("{}/user/login", run.url)),
        url: run.url,
        state: state.folder().to_owned(),
        api_key_file: identity::administrator_key_file(state),
        services: run.services,
        login_url: run.login_url,
        object_store: run.object_store,
        run_file: state.path("run.json"),
        secrets_file: state.path("secrets.json"),
        portal: portal.clone(),
        ready_seconds: started.elapsed().as_secs_f64(),
    }
}
