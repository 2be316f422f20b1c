//! The server under test: one service with endpoints that read, answer much, and break.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpResponse, web as actix};
use async_trait::async_trait;
use futures_util::stream;
use web::{Limits, Pace, Server, Service, Serving, Tls};

/// Counts the endless answers that are being made.
#[derive(Default)]
pub(crate) struct Probe {
    endless: AtomicUsize,
}

struct Running(Arc<Probe>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.endless.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Service for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }

    fn configure(self: Arc<Self>, config: &mut actix::ServiceConfig) {
        config
            .app_data(actix::Data::from(self))
            .route("/", actix::get().to(async || "here"))
            .route("/early", actix::post().to(async || "no need to send more"))
            .route("/refused", actix::post().to(async || HttpResponse::BadRequest().body("no")))
            .route("/body", actix::post().to(body))
            .route("/slow", actix::get().to(slow))
            .route("/endless", actix::get().to(endless))
            .route("/breaks", actix::get().to(breaks))
            .route("/breaks", actix::post().to(breaks));
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

async fn body(payload: actix::Payload) -> HttpResponse {
    match web::read_body(payload, 1 << 20).await {
        Ok(body) => HttpResponse::Ok().body(body.len().to_string()),
        Err(error) => HttpResponse::BadRequest().body(error.to_string()),
    }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(1500)).await;
    "at last"
}

async fn endless(probe: actix::Data<Probe>) -> HttpResponse {
    probe.endless.fetch_add(1, Ordering::SeqCst);
    let running = Running(probe.into_inner());
    let chunk = actix::Bytes::from_static(&[b'x'; 65536]);
    HttpResponse::Ok().streaming(stream::repeat_with(move || {
        let _ = &running;
        Ok::<_, std::io::Error>(chunk.clone())
    }))
}

async fn breaks() -> HttpResponse {
    panic!("a broken invariant")
}

/// A server with limits that tests can reach.
pub(crate) struct Subject {
    pub(crate) address: SocketAddr,
    pub(crate) probe: Arc<Probe>,
    server: Server,
}

impl Subject {
    pub(crate) fn start(adjust: impl FnOnce(&mut Limits)) -> Self {
        Self::start_with(adjust, None)
    }

    pub(crate) fn start_with(adjust: impl FnOnce(&mut Limits), tls: Option<Tls>) -> Self {
        let mut limits = Limits::of_front();
        limits.head = Duration::from_millis(600);
        let (gap, grace) = (Duration::from_millis(400), Duration::from_millis(800));
        limits.pace = Pace { gap, grace, bytes_per_second: 1000 };
        adjust(&mut limits);
        let listener = web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let address = listener.local_addr().unwrap();
        let probe = Arc::new(Probe::default());
        let serving = Serving { limits, tls, ..Serving::with_workers(1) };
        let server = Server::start_with(listener, probe.clone(), serving).unwrap();
        Self { address, probe, server }
    }

    pub(crate) fn endless_answers(&self) -> usize {
        self.probe.endless.load(Ordering::SeqCst)
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}
