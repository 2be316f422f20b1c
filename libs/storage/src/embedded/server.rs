//! Accepting connections, and CORS.

use std::{pin::Pin, time::Duration};

use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::{body::Incoming, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use s3s::{Body, HttpError, HttpResponse, service::S3Service};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A client must send its request head within this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Transfers that are still running at shutdown may take this long.
const DRAIN: Duration = Duration::from_secs(5);
/// After a failure to accept (usually: no more file descriptors) wait, rather than spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn serve(listener: TcpListener, service: S3Service, stopping: CancellationToken) {
    let service = AnyOrigin(service);
    let connections = GracefulShutdown::new();
    let mut http1 = hyper::server::conn::http1::Builder::new();
    http1.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(error = %error, "the embedded object store cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = connections.watch(http1.serve_connection(TokioIo::new(socket), service.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to the embedded object store broke");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, connections.shutdown()).await.is_err() {
        tracing::info!("transfers of the embedded object store were cut off by the shutdown");
    }
}

/// Lets browsers of any origin use signed URLs (the Fetch standard, CORS protocol). The signature in the URL
/// is the whole permission and no cookies are looked at, so the origin does not matter.
#[derive(Clone)]
struct AnyOrigin(S3Service);

impl Service<Request<Incoming>> for AnyOrigin {
    type Response = HttpResponse;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if request.method() == Method::OPTIONS {
            return Box::pin(std::future::ready(Ok(preflight(&request))));
        }
        let answer = Service::call(&self.0, request);
        Box::pin(async move {
            let mut answer = answer.await?;
            if answer.status().is_server_error() {
                tracing::error!(http.status = answer.status().as_u16(), "the embedded object store failed");
            }
            let headers = answer.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            let exposed = HeaderValue::from_static("ETag, Content-Length, Content-Range, Accept-Ranges");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            Ok(answer)
        })
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
