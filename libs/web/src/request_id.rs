//! A request id on every request, log line and answer.

use std::{
    borrow::Cow,
    cell::Cell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method,
        header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use tracecontext::{TRACEPARENT, TRACESTATE, TraceContext, within};
use tracing::{Instrument, Span};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request at hand, in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Why a request was refused, for the log: a sentence without anything of the caller's. Whoever refuses puts
/// it into the extensions of the answer; the error of a handler is taken where there is none.
#[derive(Debug, Clone)]
pub struct Reason(pub Cow<'static, str>);

/// In the extensions of the answer of a service that is being made: nothing has failed.
pub(crate) struct NotYet;

/// Longer reasons are cut.
const REASON_LIMIT: usize = 200;

/// Middleware: gives the request an id and its place in a trace, logs one line when it is answered, and
/// returns the id as `X-Request-Id`. A client's own id is not trusted. The query is not logged: it may hold a
/// signature.
pub(crate) async fn request_id<B: MessageBody>(
    refusals: Rc<Refusals>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let values = |name| request.headers().get_all(name).map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let context = TraceContext::received(&values(TRACEPARENT), &values(TRACESTATE));
    within(Arc::new(context), answered(refusals, request, next)).await
}

async fn answered<B: MessageBody>(
    refusals: Rc<Refusals>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    // In `commons up` the gateway has given the request its id already.
    let known = request.extensions().get::<RequestId>().cloned();
    let id = known.unwrap_or_else(|| RequestId(uuid::Uuid::new_v4().simple().to_string()));
    request.extensions_mut().insert(id.clone());
    let line = Line {
        span: tracing::info_span!("request", request.id = %id.0),
        method: request.method().clone(),
        path: request.path().to_owned(),
        caller: caller(request.headers()),
        started: Instant::now(),
    };
    let answer = next.call(request).instrument(line.span.clone()).await;
    let header = HeaderValue::from_str(&id.0).ok();
    match answer {
        Ok(mut answer) => {
            line.write(answer.response(), &refusals);
            header.map(|id| answer.headers_mut().insert(HEADER, id));
            Ok(answer)
        }
        // A middleware inside gave up: its answer is made here, so that it too has its line and its id.
        Err(error) => {
            let mut answer = error.error_response();
            line.write(&answer, &refusals);
            header.map(|id| answer.headers_mut().insert(HEADER, id));
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

/// By what a request says who sends it. Nothing of it is checked here.
fn caller(headers: &HeaderMap) -> &'static str {
    let authorization = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let is = |value: &[u8], scheme: &[u8]| {
        value.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    match authorization {
        Some(value) if is(value, b"bearer ") => "token",
        Some(value) if is(value, b"basic ") => "password",
        Some(_) => "other",
        None if cookies.into_iter().any(|cookies| cookies.contains("access_token=")) => "cookie",
        None => "nobody",
    }
}

/// What is logged of a request.
struct Line {
    span: Span,
    method: Method,
    path: String,
    caller: &'static str,
    started: Instant,
}

impl Line {
    fn write<B>(&self, answer: &HttpResponse<B>, refusals: &Refusals) {
        let _entered = self.span.enter();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path, status) = (&self.method, self.path.as_str(), answer.status().as_u16());
        let is_refusal = answer.status().is_client_error() || answer.extensions().contains::<NotYet>();
        if answer.status().is_server_error() && !is_refusal {
            tracing::error!(
                http.method = %method, http.path = path, http.status = status, duration_ms, "request failed"
            );
        } else if is_refusal && refusals.admit() {
            tracing::info!(
                http.method = %method, http.path = path, http.status = status, duration_ms,
                caller = self.caller, reason = reason(answer), "request refused"
            );
        } else {
            tracing::debug!(
                http.method = %method, http.path = path, http.status = status, duration_ms,
                "request answered"
            );
        }
    }
}

fn reason<B>(answer: &HttpResponse<B>) -> String {
    if let Some(Reason(text)) = answer.extensions().get::<Reason>() {
        return text.clone().into_owned();
    }
    let usual = || answer.status().canonical_reason().unwrap_or_default().to_lowercase();
    let text = answer.error().map_or_else(usual, ToString::to_string);
    text.chars().take(REASON_LIMIT).collect()
}

/// How many refusals have a line: somebody who tries passwords must not fill the disk.
#[derive(Debug)]
pub(crate) struct Refusals {
    second: Cell<Instant>,
    lines: Cell<u32>,
}

/// Lines of refused requests in a second, of each thread of a server.
const LINES_A_SECOND: u32 = 50;

impl Refusals {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { second: Cell::new(Instant::now()), lines: Cell::new(0) })
    }

    /// Whether another line may be written. Says how many were not, in the second after them.
    fn admit(&self) -> bool {
        if self.second.get().elapsed() >= Duration::from_secs(1) {
            let left_out = self.lines.get().saturating_sub(LINES_A_SECOND);
            if left_out > 0 {
                tracing::info!(left_out, "more requests were refused than have lines");
            }
            self.second.set(Instant::now());
            self.lines.set(0);
        }
        self.lines.set(self.lines.get().saturating_add(1));
        self.lines.get() <= LINES_A_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn the_line_says_by_what_the_caller_came_and_never_the_thing_itself() {
        assert_eq!(caller(&headers(AUTHORIZATION, "Bearer abc")), "token");
        assert_eq!(caller(&headers(AUTHORIZATION, "Basic abc")), "password");
        assert_eq!(caller(&headers(COOKIE, "a=b; access_token=c")), "cookie");
        assert_eq!(caller(&headers(COOKIE, "a=b")), "nobody");
    }

    #[test]
    fn who_is_refused_all_the_time_does_not_fill_the_log() {
        let refusals = Refusals::new();
        let lines = (0..1000).filter(|_| refusals.admit()).count();
        assert_eq!(lines, LINES_A_SECOND as usize);
        refusals.second.set(Instant::now() - Duration::from_secs(2));
        assert!(refusals.admit());
    }

    #[test]
    fn the_reason_is_what_the_refuser_says_else_its_error_else_the_status() {
        let mut answer = HttpResponse::Forbidden().finish();
        assert_eq!(reason(&answer), "forbidden");
        answer.extensions_mut().insert(Reason("failed csrf check".into()));
        assert_eq!(reason(&answer), "failed csrf check");
        let error = actix_web::error::ErrorBadRequest("x".repeat(1000));
        assert_eq!(reason(&HttpResponse::from_error(error)).len(), REASON_LIMIT);
    }
}
