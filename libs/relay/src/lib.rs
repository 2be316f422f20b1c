//! Passing a request on to another server: bodies are streamed both ways, what ends between two neighbours is
//! not passed on (RFC 9110 §7.6.1), and a connection that is to speak another protocol (WebSocket) becomes a
//! tunnel.

mod bodies;
mod hop;
mod tunnel;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    web::Payload,
};
use reqwest::{Client, RequestBuilder};
use tracecontext::{TRACEPARENT, TRACESTATE, Traced as _};
use url::Url;

pub use bodies::{has_body, received, sendable};
pub use hop::Hop;
pub use tunnel::asked_protocol;

/// Where `native`, the path and query that were decided on, is below `base`. `None` if the parser of URLs
/// reads another path than that: it must not decide anew.
pub fn address(base: &Url, native: &str) -> Option<Url> {
    let url = Url::parse(&format!("{}{native}", base.as_str().trim_end_matches('/'))).ok()?;
    let path = native.split('?').next().unwrap_or_default();
    let read = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
    (path.starts_with('/') && read == path).then_some(url)
}

/// Asks `url` for what `request` asks, with those of its headers that `passes` lets through, and with `more`;
/// and answers with what comes back. A failure has no URL in its text.
///
/// # Errors
/// When there is no answer.
pub async fn pass_on(
    client: &Client,
    url: Url,
    request: &HttpRequest,
    body: Payload,
    passes: impl Fn(&HeaderName) -> bool,
    more: &[(&'static str, HeaderValue)],
) -> Result<HttpResponse, reqwest::Error> {
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
        .expect("both versions of the http crate take the same methods");
    // The context of this process is a step of the one that came, if that was valid.
    let is_traced = tracecontext::current().is_some();
    let goes_on = |name: &HeaderName| {
        passes(name) && !(is_traced && [TRACEPARENT, TRACESTATE].contains(&name.as_str()))
    };
    let mut passed = with_headers(client.request(method, url), request.headers(), goes_on).traced();
    for (name, value) in more {
        passed = passed.header(*name, value.as_bytes());
    }
    let Some(protocol) = asked_protocol(request.headers()) else {
        if has_body(request.headers()) {
            passed = passed.body(reqwest::Body::wrap_stream(sendable(body)));
        }
        return Ok(received(passed.send().await.map_err(reqwest::Error::without_url)?));
    };
    passed = passed.header(reqwest::header::CONNECTION, "Upgrade");
    passed = passed.header(reqwest::header::UPGRADE, protocol.as_bytes());
    let answer = passed.send().await.map_err(reqwest::Error::without_url)?;
    if answer.status().as_u16() != StatusCode::SWITCHING_PROTOCOLS.as_u16() {
        return Ok(received(answer));
    }
    tunnel::open(answer, protocol, body, request).await
}

fn with_headers(
    mut passed: RequestBuilder,
    headers: &HeaderMap,
    passes: impl Fn(&HeaderName) -> bool,
) -> RequestBuilder {
    let hop = Hop::of(headers.get_all(header::CONNECTION).map(HeaderValue::as_bytes));
    for (name, value) in headers.iter().filter(|(name, _)| !hop.ends(name.as_str()) && passes(name)) {
        passed = passed.header(name.as_str(), value.as_bytes());
    }
    passed
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
