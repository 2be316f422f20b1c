//! A request id on every request, log line and answer.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use tracing::Instrument;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request at hand, in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Middleware: gives the request an id, logs one line when it is answered, and returns the id as
/// `X-Request-Id`. A client's own id is not trusted. The query is not logged: it may hold a signature.
pub async fn request_id(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    // In `commons up` the gateway has given the request its id already.
    let known = request.extensions().get::<RequestId>().cloned();
    let id = known.unwrap_or_else(|| RequestId(uuid::Uuid::new_v4().simple().to_string()));
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request.id = %id.0);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let started = Instant::now();
    let answer = next.call(request).instrument(span.clone()).await;
    let line = |status: StatusCode| {
        let _entered = span.enter();
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status_code = status.as_u16();
        if status.is_server_error() {
            tracing::error!(
                http.method = %method, http.path = path, http.status = status_code, duration_ms,
                "request failed"
            );
        } else {
            tracing::debug!(
                http.method = %method, http.path = path, http.status = status_code, duration_ms,
                "request answered"
            );
        }
    };
    let header = HeaderValue::from_str(&id.0).ok();
    match answer {
        Ok(mut answer) => {
            line(answer.status());
            header.map(|id| answer.headers_mut().insert(HEADER, id));
            Ok(answer)
        }
        // A middleware inside gave up: its answer is made here, so that it too has its line and its id.
        Err(error) => {
            let mut answer = error.error_response();
            line(answer.status());
            header.map(|id| answer.headers_mut().insert(HEADER, id));
            Err(InternalError::from_response(error, answer).into())
        }
    }
}
