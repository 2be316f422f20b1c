//! Passing a request on to a service in another process, bodies streamed both ways.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    web,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::{Gateway, pipeline::Target};

/// Headers between two neighbours (RFC 9110 §7.6.1), which are not passed on.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// A body that makes no progress for this long is given up.
const STALLED: Duration = Duration::from_secs(400);
/// Chunks on their way from the client to the service.
const CHUNKS_IN_FLIGHT: usize = 8;

/// Why a request could not be passed on. All become 5xx, which the gateway masks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("the address of the service {0} is not configured")]
    NoUpstream(String),
    #[error("the service {service} cannot be reached: {reason}")]
    Unreachable { service: String, reason: String },
}

impl actix_web::ResponseError for ProxyError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoUpstream(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable { .. } => StatusCode::BAD_GATEWAY,
        }
    }
}

/// The handler of everything that no service in this process answers.
pub(crate) async fn forward(
    gateway: web::Data<Gateway>,
    req: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ProxyError> {
    let target = req.extensions().get::<Target>().cloned();
    let Some(target) = target else { return Err(ProxyError::NoUpstream("(none)".into())) };
    let upstreams = &gateway.config.upstreams;
    let base = upstreams.get(&target.instance).or_else(|| upstreams.get(&target.service));
    let base = base.ok_or_else(|| ProxyError::NoUpstream(target.service.clone()))?;
    let path_and_query = req.uri().path_and_query().map_or("/", |pq| pq.as_str());
    let url = format!("{}{path_and_query}", base.as_str().trim_end_matches('/'));
    let method = req.method().as_str().parse::<reqwest::Method>();
    let unreachable = |reason: String| ProxyError::Unreachable { service: target.service.clone(), reason };
    let mut request = gateway.config.client.request(method.map_err(|e| unreachable(e.to_string()))?, url);
    for (name, value) in passed_on(req.headers()) {
        request = request.header(name.as_str(), value.as_bytes());
    }
    if has_body(req.headers()) {
        request = request.body(reqwest::Body::wrap_stream(sendable(body)));
    }
    let answer = request.send().await.map_err(|e| unreachable(e.without_url().to_string()))?;
    Ok(received(answer))
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

/// The headers that are meant for the other end: neither hop-by-hop ones nor those that `Connection` names.
fn passed_on(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &header::HeaderValue)> {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    headers.iter().filter(move |(name, _)| {
        !HOP_BY_HOP.contains(&name.as_str()) && !named.iter().any(|dropped| dropped == name.as_str())
    })
}

/// The client's body as a stream that may move between threads: requests are read on one thread, sent from another.
fn sendable(mut body: web::Payload) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(CHUNKS_IN_FLIGHT);
    actix_web::rt::spawn(async move {
        loop {
            let chunk = match tokio::time::timeout(STALLED, body.next()).await {
                Ok(None) => return,
                Ok(Some(chunk)) => chunk.map_err(std::io::Error::other),
                Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut)),
            };
            let broken = chunk.is_err();
            if sender.send(chunk).await.is_err() || broken {
                return;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}

fn received(answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        let hop = HOP_BY_HOP.contains(&name.as_str()) || name == reqwest::header::CONTENT_LENGTH;
        if !hop {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let length =
        answer.headers().get(reqwest::header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse().ok());
    let chunks = stream::unfold(answer.bytes_stream(), |mut chunks| async move {
        let chunk = match tokio::time::timeout(STALLED, chunks.next()).await {
            Ok(chunk) => chunk?.map_err(|error| std::io::Error::other(error.without_url())),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut)),
        };
        Some((chunk, chunks))
    });
    match length {
        Some(length) => response.body(SizedStream::new(length, Box::pin(chunks))),
        None => response.streaming(Box::pin(chunks)),
    }
}
