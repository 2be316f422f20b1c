//! Listening and stopping.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::{Condition, from_fn},
};

use crate::{Service, finish::finish_changes, programs_only::programs_only, request_id};

/// Requests that are still running at shutdown may take this long.
const DRAIN_SECONDS: u64 = 30;
/// A client must send its request head within this time.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; stop what uses the port, or choose another with --port")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    pub source: io::Error,
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
enum Audience {
    Anybody,
    /// Those of programs, not those that a browser sends for a web page.
    Programs,
}

/// A running server for one service on its own port.
pub struct Server {
    handle: ServerHandle,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Server {
    /// Serves `service` alone on `listener` with `workers` threads.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start(listener: TcpListener, service: Arc<dyn Service>, workers: usize) -> io::Result<Self> {
        Self::run(listener, service, workers, Audience::Anybody)
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
        Self::run(listener, service, workers, Audience::Programs)
    }

    fn run(
        listener: TcpListener,
        service: Arc<dyn Service>,
        workers: usize,
        audience: Audience,
    ) -> io::Result<Self> {
        let server = HttpServer::new(move || {
            let service = service.clone();
            App::new()
                .wrap(Condition::new(!service.may_be_dropped(), from_fn(finish_changes)))
                .wrap(Condition::new(audience == Audience::Programs, from_fn(programs_only)))
                .wrap(from_fn(request_id))
                .configure(move |config| service.configure(config))
        })
        .workers(workers)
        .disable_signals()
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        // A client that closes its connection does not wait for an answer: what was begun for it is dropped.
        .h1_allow_half_closed(false)
        .shutdown_timeout(DRAIN_SECONDS)
        .listen(listener)?
        .run();
        Ok(Self { handle: server.handle(), task: tokio::spawn(server) })
    }

    /// Stops accepting, lets running requests finish, and returns when all is closed.
    pub async fn stop(self) -> io::Result<()> {
        self.handle.stop(true).await;
        self.task.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}
