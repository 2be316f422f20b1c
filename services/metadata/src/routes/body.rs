//! Bodies, whose text is read before anybody is asked whether the sender may send them.

use actix_web::{HttpRequest, http::header::CONTENT_TYPE, web::Payload};

use crate::{document::Body, error::Error, service::Metadata};

/// Largest body of a sender who may not send one, in bytes.
const OF_STRANGERS: usize = 64 << 10;

/// The body of a request, and the proof that its sender may send it.
///
/// # Errors
/// First for text that is no JSON, then for the lack of the permit. Who has none is told so about a large
/// body too, of which no more is read.
pub(super) async fn permitted<P>(
    metadata: &Metadata,
    permit: Result<P, Error>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(P, Body), Error> {
    match read(metadata, &permit, request, payload).await {
        Ok(body) => Ok((permit?, body)),
        Err(Error::TooLarge(limit)) => permit.and(Err(Error::TooLarge(limit))),
        Err(error) => Err(error),
    }
}

/// A body that has to be small, whoever sends it.
///
/// # Errors
/// 413, 422 for text that is no JSON.
pub(super) async fn small(request: &HttpRequest, payload: Payload) -> Result<Body, Error> {
    let bytes = web::read_body(payload, OF_STRANGERS).await?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Body::read(&bytes, content_type)
}

/// The body of a request. Of who has no permit it must be small.
///
/// # Errors
/// 413, 422 for text that is no JSON.
pub(super) async fn read<P>(
    metadata: &Metadata,
    permit: &Result<P, Error>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Body, Error> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    read_as(metadata, permit, content_type, payload).await
}

/// As [`read`], of a client that does not say what it sends: gen3-client sends JSON then.
pub(super) async fn read_untold<P>(
    metadata: &Metadata,
    permit: &Result<P, Error>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Body, Error> {
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    read_as(metadata, permit, content_type.or(Some("application/json")), payload).await
}

async fn read_as<P>(
    metadata: &Metadata,
    permit: &Result<P, Error>,
    content_type: Option<&str>,
    payload: Payload,
) -> Result<Body, Error> {
    let limit = if permit.is_ok() { metadata.config.body_limit } else { OF_STRANGERS };
    let bytes = web::read_body(payload, limit).await?;
    Body::read(&bytes, content_type)
}
