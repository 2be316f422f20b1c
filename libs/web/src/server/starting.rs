//! A port whose service is not there yet.

use std::{
    io,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    http::header::RETRY_AFTER,
    web::{self, to},
};
use async_trait::async_trait;
use serde_json::json;

use super::{Limits, Server, Serving};
use crate::{Service, request_id::NotYet};

/// Who asks so early has nothing to wait for.
const HEAD: Duration = Duration::from_secs(2);

/// Answers probes at a port while its service is being made: the process lives, and is not ready. Everything
/// else is 503. It ends when it is dropped, or earlier by [`Starting::end`].
pub struct Starting {
    server: Option<Server>,
    waits: Arc<Waits>,
}

/// What a service that is being made waits for.
#[derive(Debug, Default)]
pub struct Waits(Mutex<Option<String>>);

impl Waits {
    /// It waits for this now; it has no secret in it.
    pub fn wait_for(&self, what: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.to_owned());
    }

    /// It has it.
    pub fn have_it(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Starting {
    /// Answers at `listener` as a server of `serving` will. Needs a runtime.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn begin(listener: &TcpListener, serving: &Serving) -> io::Result<Self> {
        let waits = Arc::<Waits>::default();
        let limits = Limits { head: HEAD, ..serving.limits.clone() };
        let serving = Serving { workers: 1, limits, ..serving.clone() };
        let server = Server::start_with(listener.try_clone()?, Arc::new(Unmade(waits.clone())), serving)?;
        Ok(Self { server: Some(server), waits })
    }

    /// Where to note what is waited for.
    pub fn waits(&self) -> Arc<Waits> {
        self.waits.clone()
    }

    /// Leaves the port to the server of the service. Connections that come from now on wait for it.
    ///
    /// # Errors
    /// When it has ended abnormally.
    pub async fn end(mut self) -> io::Result<()> {
        match self.server.take() {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abandon();
        }
    }
}

/// What stands in for the service.
struct Unmade(Arc<Waits>);

#[async_trait]
impl Service for Unmade {
    fn name(&self) -> &'static str {
        "start"
    }

    fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config.default_service(to(async || {
            let told = json!({ "message": "the service is starting" });
            let mut answer = HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(told);
            answer.extensions_mut().insert(NotYet);
            answer
        }));
    }

    async fn ready(&self) -> Result<(), String> {
        let waits = self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(waits.map_or_else(|| "the service is starting".to_owned(), |what| format!("it waits for {what}")))
    }

    fn may_be_dropped(&self) -> bool {
        true
    }
}
