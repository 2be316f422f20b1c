//! Listening and stopping, and how much clients may ask of a server.
//!
//! The HTTP library's own server has no place where a connection can be refused, counted for its address, or
//! given up because its client takes nothing; so the connections are made here ([`arrivals`], [`stream`]),
//! and the library speaks HTTP on them.

mod arrivals;
mod bodies;
mod limits;
mod long_address;
mod pace;
mod probes;
mod seats;
mod starting;
mod stopping;
mod stream;
mod tls;

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_http::{HttpService, Request};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{AppConfig, Extensions, ServerHandle, ServiceRequest, ServiceResponse},
    middleware::{Condition, Next, from_fn},
};
use tokio::{net::TcpStream, task::JoinHandle};

use crate::{
    Service,
    finish::finish_changes,
    panics::catch_panics,
    programs_only::programs_only,
    request_id::{Refusals, request_id},
};
use arrivals::Door;
use bodies::Rules;
use probes::{Probes, Reserved, answer_probes};
use seats::Seats;
use stopping::{Stop, Stops};
use stream::Connection;

pub use limits::{Limits, raise_descriptor_limit};
pub use pace::Pace;
pub use probes::{Probing, is_probe};
pub use starting::{Starting, Waits};
pub use stopping::stopping;
pub use tls::{Tls, TlsError};

/// Requests that are still running at shutdown may take this long.
const DRAIN_SECONDS: u64 = 30;
/// A kept connection without a request ends after this time.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Connections beyond the limits in which probes are answered, so that a process with many clients is not
/// restarted for them.
const RESERVE: usize = 16;
/// Those of one address.
const RESERVE_OF_AN_ADDRESS: usize = 2;

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; {}", remedy(.source))]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    pub source: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for root and for programs with CAP_NET_BIND_SERVICE; choose a higher one \
             with --port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have this address; choose another with --host"
        }
        _ => "stop what uses the port, or choose another with --port",
    }
}

/// Binds `address`; port 0 chooses a free one.
///
/// Ports are bound before any other work, so that a second start fails at once and not half-way.
pub fn bind(ip: IpAddr, port: u16) -> Result<TcpListener, BindError> {
    let address = SocketAddr::new(ip, port);
    let to_error = |source| BindError { address, source };
    let listener = TcpListener::bind(address).map_err(to_error)?;
    listener.set_nonblocking(true).map_err(to_error)?;
    Ok(listener)
}

/// Whose requests are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody's.
    Anybody,
    /// Those of programs, not those that a browser sends for a web page, which get 403: for a service that
    /// trusts whoever reaches it.
    Programs,
}

/// How a service is served.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Threads that serve requests.
    pub workers: usize,
    /// Whose requests are served.
    pub audience: Audience,
    /// What clients may ask of the server.
    pub limits: Limits,
    /// The certificate; `None` for HTTP without TLS.
    pub tls: Option<Tls>,
    /// Whether `/livez`, `/readyz` and `/startupz` are answered.
    pub probing: Probing,
}

impl Serving {
    /// Everybody is served, with the limits of a public front and without TLS.
    pub fn with_workers(workers: usize) -> Self {
        Self {
            workers,
            audience: Audience::Anybody,
            limits: Limits::of_front(),
            tls: None,
            probing: Probing::Answered,
        }
    }
}

/// What requests find of their connection.
fn introduce(connection: &Connection, stops: &Stops, data: &mut Extensions) {
    data.insert::<Rc<_>>(connection.activity().clone());
    data.insert::<Stops>(stops.clone());
    if let Some(full) = connection.reserved() {
        data.insert(Reserved(full));
    }
}

/// A running server for one service on its own port.
pub struct Server {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    certificate: Option<JoinHandle<()>>,
    stop: Stop,
}

impl Server {
    /// Serves `service` alone on `listener` with `workers` threads, to everybody.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start(listener: TcpListener, service: Arc<dyn Service>, workers: usize) -> io::Result<Self> {
        Self::start_with(listener, service, Serving::with_workers(workers))
    }

    /// As [`Server::start`], for a service that trusts whoever reaches it: web pages get 403.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start_for_programs(
        listener: TcpListener,
        service: Arc<dyn Service>,
        workers: usize,
    ) -> io::Result<Self> {
        let serving = Serving { audience: Audience::Programs, ..Serving::with_workers(workers) };
        Self::start_with(listener, service, serving)
    }

    /// Serves `service` alone on `listener` as `serving` says. Needs a runtime.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start_with(
        listener: TcpListener,
        service: Arc<dyn Service>,
        serving: Serving,
    ) -> io::Result<Self> {
        let Serving { workers, audience, limits, tls, probing } = serving;
        let address = listener.local_addr()?;
        let limits = Arc::new(limits);
        let (connections, requests) = (Seats::new(&limits), Seats::new(&limits));
        let reserve = Seats::of(RESERVE, RESERVE_OF_AN_ADDRESS);
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let head = limits.head;
        let builder = actix_server::Server::build()
            .workers(workers)
            .disable_signals()
            // The seats are the limit: a connection beyond them gets an answer.
            .max_concurrent_connections(usize::MAX)
            .shutdown_timeout(DRAIN_SECONDS);
        let stopping = builder.graceful_shutdown_signal();
        let (stop, stops) = Stop::new();
        let probes = (probing == Probing::Answered).then(|| Probes::new(service.clone(), stops.clone()));
        let server = builder.listen(service.name(), listener, move || {
            let seats = (connections.clone(), reserve.clone());
            let door = Door::new(seats, limits.clone(), acceptor.clone(), stops.clone());
            let rules = Rules { limits: limits.clone(), seats: requests.clone() };
            let (stopping, stops) = (stopping.clone(), stops.clone());
            let http = HttpService::<Connection, _, _>::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(head)
                // Who is refused may send its body to the end, which nobody reads, and reads the answer then:
                // closing before that would reset the connection, and the answer with it.
                .client_disconnect_timeout(head)
                // Who closes a connection does not wait for an answer: what was begun for it is dropped.
                .h1_allow_half_closed(false)
                .local_addr(address)
                .on_connect_ext(move |connection, data| introduce(connection, &stops, data))
                .h1(map_config(
                    app(service.clone(), audience, rules, probes.clone())
                        .map_err(|error: Error| error.error_response()),
                    |()| AppConfig::default(),
                ));
            fn_service(move |stream: TcpStream| door.clone().enter(stream))
                .map_err(drop)
                .and_then(http.map_err(drop))
        })?;
        let server = server.run();
        Ok(Self {
            handle: server.handle(),
            task: tokio::spawn(server),
            certificate: tls.map(|tls| tokio::spawn(tls.follow())),
            stop,
        })
    }

    /// Whether it still serves; by itself it ends only when it has failed.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    /// Ends it without waiting for anybody.
    fn abandon(self) {
        if let Some(certificate) = self.certificate {
            certificate.abort();
        }
        // The command is given when the future is made; it only waits for the end.
        drop(self.handle.stop(false));
    }

    /// Stops accepting, lets running requests finish, and returns when all is closed.
    pub async fn stop(self) -> io::Result<()> {
        if let Some(certificate) = self.certificate {
            certificate.abort();
        }
        self.stop.now();
        self.handle.stop(true).await;
        self.task.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// `service` with what every server does around it.
fn app(
    service: Arc<dyn Service>,
    audience: Audience,
    rules: Rules,
    probes: Option<Arc<Probes>>,
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse<impl MessageBody + 'static>,
    Error = Error,
    InitError = (),
> + 'static {
    let watch = move |request: ServiceRequest, next: Next<_>| bodies::watch(rules.clone(), request, next);
    let refusals = Refusals::new();
    let id = move |request: ServiceRequest, next: Next<_>| request_id(refusals.clone(), request, next);
    let probed = move |request: ServiceRequest, next: Next<_>| answer_probes(probes.clone(), request, next);
    let app = App::new()
        .wrap(Condition::new(!service.may_be_dropped(), from_fn(finish_changes)))
        .wrap(Condition::new(audience == Audience::Programs, from_fn(programs_only)))
        .wrap(from_fn(catch_panics))
        .wrap(from_fn(id))
        .wrap(from_fn(watch))
        .wrap(from_fn(probed))
        .configure(move |config| service.configure(config));
    IntoServiceFactory::<_, Request>::into_factory(app)
}
