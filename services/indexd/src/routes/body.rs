//! JSON bodies.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Decompress, Payload},
    http::StatusCode,
};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use web::{BodyError, read_body};

use crate::{Error, input::number};

/// No request body is longer than this.
const MAX_BODY: usize = 16 << 20;

/// A JSON value sent as `application/json` (or `application/*+json`).
pub(super) struct Json(pub(super) Value);

/// A JSON value, whatever its content type says.
pub(super) struct AnyJson(pub(super) Value);

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.content_type().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads the body, unpacked if it is packed.
fn read(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Result<Value, Error>> {
    let body = optional(request, payload);
    Box::pin(async move { body.await?.ok_or(Error::Page(StatusCode::BAD_REQUEST)) })
}

/// Reads the body, unpacked if it is packed; `None` when there is none.
pub(super) fn optional(
    request: &HttpRequest,
    payload: &mut Payload,
) -> LocalBoxFuture<'static, Result<Option<Value>, Error>> {
    let unpacked = Decompress::from_headers(payload.take(), request.headers());
    Box::pin(async move {
        let body = read_body(unpacked, MAX_BODY).await.map_err(|error| match error {
            BodyError::TooLarge { .. } => Error::Page(StatusCode::PAYLOAD_TOO_LARGE),
            BodyError::BrokenOff(_) => Error::Page(StatusCode::BAD_REQUEST),
        })?;
        if body.is_empty() {
            return Ok(None);
        }
        number::parse(&body).map(Some).ok_or(Error::Page(StatusCode::BAD_REQUEST))
    })
}

impl FromRequest for Json {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(request) {
            return Box::pin(async { Err(Error::Page(StatusCode::UNSUPPORTED_MEDIA_TYPE)) });
        }
        let body = read(request, payload);
        Box::pin(async move { body.await.map(Self) })
    }
}

impl FromRequest for AnyJson {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload);
        Box::pin(async move { body.await.map(Self) })
    }
}
