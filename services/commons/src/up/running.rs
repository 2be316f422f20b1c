//! Starting and stopping all of a commons.

use std::{net::TcpListener, ops::RangeInclusive, sync::Arc, time::Instant};

use anyhow::Context as _;
use fence::upload_indexing::UploadIndexing;
use indexmap::IndexMap;
use storage::embedded::EmbeddedS3;
use web::{Server, Service};

use super::{
    announcement::Announcement,
    ground::{Ground, public_url},
    identity,
    options::Options,
    ports::Ports,
    services::{self, Pools},
};
use crate::{
    databases::Databases,
    reload::{Reload, Reloading, Tables, Triggers},
    state::{Lock, Run, State},
};

/// Threads that serve requests at the public port: one a core, within these bounds.
const GATEWAY_THREADS: RangeInclusive<usize> = 2..=8;
/// Threads of a service's own port.
const SERVICE_THREADS: usize = 1;

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

impl Running {
    /// Starts a commons and returns when all of it is ready.
    ///
    /// # Errors
    /// When something is missing or in use; each text says the remedy.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let started = Instant::now();
        let state = State::open(&options.state)?;
        let lock = state.lock()?;
        let ports = Ports::bind(options.host, options.port)?;
        let public_url = public_url(&options, ports.gateway_port())?;
        let users = identity::read_user_yaml(options.user_yaml.as_deref())?;
        let (ground, databases) = Ground::prepare(&options, &state, &ports, public_url).await?;
        let pools = Pools::open(&databases)?;
        let mut object_store = services::start_object_store(&state, &ground, ports.object_store)?;
        services::migrate(&pools, &ground).await?;
        match options.user_yaml {
            Some(_) => drop(identity::load(&pools.fence, &pools.arborist, &users).await?),
            None => identity::ensure_administrator(&pools.fence, &pools.arborist, &users).await?,
        }
        let all = services::build(&ground, &pools, &mut object_store)?;
        let servers = serve_all(all.gateway, ports.gateway, all.services, ports.services)?;
        identity::ensure_key_file(&state, &ground.issuer(), &all.fence).await?;
        let run = run_of(&ground, &databases, options.dictionary.clone())?;
        state.write_run(&run)?;
        let announcement = announcement(&state, run, started);
        let source = options.dictionary.as_deref();
        let triggers = Triggers::new(options.reload, source, options.dictionary_refresh);
        let reload = Reload {
            source: options.dictionary.clone(),
            pool: pools.sheepdog.clone(),
            tables: Tables::Made,
            served: all.served,
            dictionary: ground.dictionary.clone(),
            state: Some(state),
        };
        Ok(Self {
            announcement,
            servers,
            upload_indexing: all.upload_indexing,
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

fn gateway_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.clamp(*GATEWAY_THREADS.start(), *GATEWAY_THREADS.end())
}

/// Serves the gateway at its port, and each service at its own.
fn serve_all(
    gateway: Arc<dyn Service>,
    public: TcpListener,
    services: Vec<Arc<dyn Service>>,
    mut own: IndexMap<&'static str, TcpListener>,
) -> anyhow::Result<Vec<Server>> {
    let mut servers = vec![serve(public, gateway, gateway_threads())?];
    for service in services {
        let listener = own.swap_remove(service.name()).context("a service without a port")?;
        servers.push(serve(listener, service, SERVICE_THREADS)?);
    }
    Ok(servers)
}

fn serve(listener: TcpListener, service: Arc<dyn Service>, threads: usize) -> anyhow::Result<Server> {
    // arborist does not authenticate its callers: through its port, a web page could give its reader any
    // right.
    let server = match service.name() {
        "arborist" => Server::start_for_programs(listener, service, threads),
        _ => Server::start(listener, service, threads),
    };
    server.context("cannot start threads")
}

/// What the state folder says of this commons.
fn run_of(ground: &Ground, databases: &Databases, dictionary: Option<String>) -> anyhow::Result<Run> {
    Ok(Run {
        url: ground.public_address().to_owned(),
        pid: std::process::id(),
        services: ground.service_urls.clone(),
        object_store: ground.object_store_url.clone(),
        databases: databases.urls()?,
        private_databases: matches!(databases, Databases::Private(_)),
        dictionary,
    })
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
