//! Passing a request on to a service in another process. Bodies are streamed both ways.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    web,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::header::{CONNECTION, CONTENT_LENGTH};
use tokio::sync::mpsc;
use url::Url;

use crate::{admission::Target, service::Gateway};

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
/// At most this many chunks are on their way from the client to the service.
const CHUNKS_IN_FLIGHT: usize = 8;

/// Why a request could not be passed on. A 5xx is masked by the gateway.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("the address of the service {0} is not configured")]
    NoUpstream(String),
    #[error("the path means something else for the service than for the gateway")]
    Ambiguous,
    #[error("the service {service} cannot be reached")]
    Unreachable { service: String, source: reqwest::Error },
}

impl actix_web::ResponseError for ProxyError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Ambiguous => StatusCode::BAD_REQUEST,
            Self::NoUpstream(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    fn error_response(&self) -> HttpResponse {
        tracing::error!(error = self as &dyn std::error::Error, "the request was not passed on");
        HttpResponse::new(self.status_code())
    }
}

/// The handler of everything that no service in this process answers.
pub(crate) async fn forward(
    gateway: web::Data<Gateway>,
    target: web::ReqData<Target>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ProxyError> {
    let upstreams = &gateway.config.upstreams;
    let base = upstreams.get(&target.instance).or_else(|| upstreams.get(&target.service));
    let base = base.ok_or_else(|| ProxyError::NoUpstream(target.service.clone()))?;
    let native = request.uri().path_and_query().map_or("/", |native| native.as_str());
    let url = address(base, native).ok_or(ProxyError::Ambiguous)?;
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
        .expect("both versions of the http crate take the same methods");
    let mut passed = gateway.config.client.request(method, url);
    let hop = Hop::of(request.headers().get_all(header::CONNECTION).map(header::HeaderValue::as_bytes));
    for (name, value) in request.headers().iter().filter(|(name, _)| !hop.ends(name.as_str())) {
        passed = passed.header(name.as_str(), value.as_bytes());
    }
    if has_body(request.headers()) {
        passed = passed.body(reqwest::Body::wrap_stream(sendable(body)));
    }
    let answer = passed.send().await.map_err(|error| ProxyError::Unreachable {
        service: target.service.clone(),
        source: error.without_url(),
    })?;
    Ok(received(answer))
}

/// Where `native`, the path and query that the gateway has decided on, is below `base`. `None` if the parser
/// of URLs reads another path than that: it must not decide anew.
pub(crate) fn address(base: &Url, native: &str) -> Option<Url> {
    let url = Url::parse(&format!("{}{native}", base.as_str().trim_end_matches('/'))).ok()?;
    let path = native.split('?').next().unwrap_or_default();
    let read = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
    (path.starts_with('/') && read == path).then_some(url)
}

pub(crate) fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

/// The headers that end at this hop: those of [`HOP_BY_HOP`] and those that `Connection` names.
pub(crate) struct Hop {
    named: Vec<String>,
}

impl Hop {
    /// What the values of the header `Connection` say.
    pub(crate) fn of<'v>(connection: impl Iterator<Item = &'v [u8]>) -> Self {
        let named = connection
            .filter_map(|value| str::from_utf8(value).ok())
            .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
            .collect();
        Self { named }
    }

    /// Whether the header `name` is not passed on.
    pub(crate) fn ends(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.named.iter().any(|named| named == name)
    }
}

/// The client's body as a stream that may move between threads: requests are read on one thread, sent from
/// another.
pub(crate) fn sendable(mut body: web::Payload) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
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

pub(crate) fn received(answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    let headers = answer.headers();
    let hop = Hop::of(headers.get_all(CONNECTION).iter().map(|value| value.as_bytes()));
    for (name, value) in
        headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH && !hop.ends(name.as_str()))
    {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_one_that_was_decided_on_or_none() {
        let base = Url::parse("http://fence-service/base/").unwrap();
        let address = |native| address(&base, native).map(String::from);
        assert_eq!(address("/user?a=b").as_deref(), Some("http://fence-service/base/user?a=b"));
        assert_eq!(address("/a%2Fb;c").as_deref(), Some("http://fence-service/base/a%2Fb;c"));
        for native in
            [r"/user/x\..\metrics", "/user/../metrics", "/user/%2e%2e/metrics", "/a b", "@evil.example/"]
        {
            assert_eq!(address(native), None, "{native}");
        }
    }
}
