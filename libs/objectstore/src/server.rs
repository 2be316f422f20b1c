//! Accepting connections, and CORS.

use std::{convert::Infallible, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::{body::Incoming, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use s3s::{Body, HttpResponse, service::S3Service};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    documents::Watched,
    front,
    objects::Objects,
    pace::{PacedBody, PacedWrites, SharedBody},
    refusal::Refusal,
    wording,
};

/// A client must send its request head within this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Transfers that are still running at shutdown may take this long.
const DRAIN: Duration = Duration::from_secs(5);
/// After a failure to accept (usually: no more file descriptors) wait, rather than spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often uploads are looked for that nobody goes on with.
const CLEAN_EVERY: Duration = Duration::from_secs(3600);
/// How often the index is put on the disk.
const MAINTAIN_EVERY: Duration = Duration::from_secs(2);
/// The body of a request that is refused is read on for so long, while it comes.
const LISTENING: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(500);
/// Connections at the same time: an eighth of the descriptors that the process may have, since each needs
/// another one for its file, and within these bounds. Further ones wait in the system's queue.
const CONNECTIONS: std::ops::RangeInclusive<u64> = 64..=1024;
const SHARE_OF_DESCRIPTORS: u64 = 8;

/// Accepts until it is told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    objects: Objects,
    service: S3Service,
    stopping: CancellationToken,
) {
    let service = Front(service);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(places()));
    let mut http1 = hyper::server::conn::http1::Builder::new();
    http1.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let cleaning = tokio::spawn(clean(objects.clone()));
    let maintaining = tokio::spawn(maintain(objects.clone()));
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            listener.accept().await.map(|(socket, _)| (socket, place))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stopping.cancelled() => break,
        };
        let (socket, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = %error, "the embedded object store cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Else the end of an answer waits for the client's acknowledgement; without it, it is late at worst.
        let _ = socket.set_nodelay(true);
        let socket = TokioIo::new(PacedWrites::new(socket));
        let connection = connections.watch(http1.serve_connection(socket, service.clone()));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to the embedded object store broke");
            }
        });
    }
    drop(listener);
    cleaning.abort();
    maintaining.abort();
    if tokio::time::timeout(DRAIN, connections.shutdown()).await.is_err() {
        tracing::info!("transfers of the embedded object store were cut off by the shutdown");
    }
    if let Err(error) = tokio::task::spawn_blocking(move || objects.close()).await {
        tracing::error!(error = %error, "the object store could not be closed");
    }
}

fn places() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let places = limit.map_or(*CONNECTIONS.end(), |limit| limit / SHARE_OF_DESCRIPTORS);
    usize::try_from(places.clamp(*CONNECTIONS.start(), *CONNECTIONS.end())).unwrap_or(usize::MAX)
}

/// Clears away what uploads left, for as long as the store runs.
async fn clean(objects: Objects) {
    loop {
        objects.forget_old_uploads().await;
        tokio::time::sleep(CLEAN_EVERY).await;
    }
}

/// Puts on the disk what waits in memory, for as long as the store runs.
async fn maintain(objects: Objects) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        objects.maintain().await;
    }
}

/// What every request passes: it lets browsers of any origin use signed URLs (the Fetch standard, CORS
/// protocol), refuses what the library should not see, and turns a panic into an answer. The signature in the
/// URL is the whole permission and no cookies are looked at, so the origin does not matter.
#[derive(Clone)]
struct Front(S3Service);

impl Service<Request<Incoming>> for Front {
    type Response = HttpResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if request.method() == Method::OPTIONS {
            return Box::pin(std::future::ready(Ok(preflight(&request))));
        }
        let service = self.0.clone();
        Box::pin(async move {
            // A panic is logged where it happens. Nothing of this request is seen by another one.
            let answer = AssertUnwindSafe(answer(service, request)).catch_unwind().await;
            let mut answer = answer.unwrap_or_else(|_| broken());
            let status = answer.status();
            // A full disk and what is not offered are told to the client, and are no failures of ours.
            let is_told = [StatusCode::INSUFFICIENT_STORAGE, StatusCode::NOT_IMPLEMENTED].contains(&status);
            if status.is_server_error() && !is_told {
                tracing::error!(http.status = status.as_u16(), "the embedded object store failed");
            }
            let headers = answer.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            let exposed = HeaderValue::from_static("ETag, Content-Length, Content-Range, Accept-Ranges");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            Ok(answer)
        })
    }
}

fn broken() -> HttpResponse {
    let message = "We encountered an internal error. Please try again.";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message).into()
}

async fn answer(service: S3Service, request: Request<Incoming>) -> HttpResponse {
    let (mut head, body) = request.into_parts();
    let body = SharedBody::new(Watched::new(&head, PacedBody::new(body)));
    let mut answer = match front::admit(&mut head) {
        Ok(()) => {
            let request = Request::from_parts(head, Body::http_body_unsync(body.clone()));
            service.call(request).await.unwrap_or_else(|error| {
                tracing::error!(error = ?error, "the embedded object store has no answer");
                broken()
            })
        }
        Err(refusal) => refusal.into(),
    };
    // The library says so of a GET, and not of a HEAD.
    if answer.status() == StatusCode::OK && answer.headers().contains_key(header::CONTENT_RANGE) {
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if answer.status() == StatusCode::INTERNAL_SERVER_ERROR
        && let Some(fault) = body.get(Watched::fault)
    {
        answer = fault.into();
    }
    if answer.status().is_client_error() || answer.status().is_server_error() {
        tell(&mut answer);
        // Many clients read the answer only when they have sent all: closing before would take it from them.
        let _ = tokio::time::timeout(LISTENING, body.discard(SILENCE)).await;
    }
    answer
}

/// Gives an error of the library the text of its code, if it says nothing of its own.
fn tell(answer: &mut HttpResponse) {
    let document = answer.body().bytes();
    let document = document.as_deref().and_then(|document| std::str::from_utf8(document).ok());
    if let Some(told) = document.and_then(wording::with_text) {
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        *answer.body_mut() = Body::from(told);
    }
}

fn preflight(request: &Request<Incoming>) -> HttpResponse {
    let mut answer = HttpResponse::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let allowed = asked.cloned().unwrap_or_else(|| HeaderValue::from_static("*"));
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    answer
}
