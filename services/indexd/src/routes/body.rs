//! JSON bodies.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::StatusCode, web::Bytes};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::Error;

/// A JSON value sent as `application/json` (or `application/*+json`).
pub(super) struct Json(pub(super) Value);

/// A JSON value, whatever its content type says.
pub(super) struct AnyJson(pub(super) Value);

fn is_json(req: &HttpRequest) -> bool {
    let kind = req.content_type().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read(bytes: <Bytes as FromRequest>::Future) -> Result<Value, Error> {
    let bytes = bytes.await.map_err(|error| Error::Page(error.as_response_error().status_code()))?;
    serde_json::from_slice(&bytes).map_err(|_| Error::Page(StatusCode::BAD_REQUEST))
}

impl FromRequest for Json {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(req) {
            return Box::pin(async { Err(Error::Page(StatusCode::UNSUPPORTED_MEDIA_TYPE)) });
        }
        let bytes = Bytes::from_request(req, payload);
        Box::pin(async move { read(bytes).await.map(Self) })
    }
}

impl FromRequest for AnyJson {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = Bytes::from_request(req, payload);
        Box::pin(async move { read(bytes).await.map(Self) })
    }
}
