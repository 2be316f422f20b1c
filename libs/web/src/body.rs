//! Reading request bodies within a limit.

use actix_web::{
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt as _};

/// A client that is refused early may be in the middle of sending, and would see a broken connection in place
/// of the answer. So the body is read and dropped up to this many times the limit.
pub const DRAIN_TIMES: usize = 8;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than permitted.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The largest permitted size in bytes.
        limit: usize,
    },
    /// The client broke off.
    #[error("the body cannot be read")]
    BrokenOff(#[source] PayloadError),
}

/// The whole body, of at most `limit` bytes.
///
/// `payload` is an [`actix_web::web::Payload`], or an [`actix_web::dev::Decompress`] around one where clients
/// may send compressed bodies; the limit then holds for what it unpacks.
///
/// # Errors
/// [`BodyError`]; nothing beyond the limit is kept in memory.
pub async fn read_body(
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    limit: usize,
) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(BodyError::BrokenOff)?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            body.extend_from_slice(&chunk);
            continue;
        }
        body = BytesMut::new();
        if length > limit.saturating_mul(DRAIN_TIMES) {
            break;
        }
    }
    if length > limit { Err(BodyError::TooLarge { limit }) } else { Ok(body.freeze()) }
}

#[cfg(test)]
mod tests {
    use actix_web::{FromRequest as _, test::TestRequest, web::Payload};

    use super::*;

    async fn read(size: usize, limit: usize) -> Result<usize, BodyError> {
        let (request, mut payload) = TestRequest::post().set_payload(vec![b'x'; size]).to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        read_body(payload, limit).await.map(|body| body.len())
    }

    #[actix_web::test]
    async fn a_body_of_the_limit_is_read_and_a_longer_one_is_refused() {
        assert_eq!(read(10, 10).await.unwrap(), 10);
        assert_eq!(read(0, 0).await.unwrap(), 0);
        for size in [11, 80, 81, 1000] {
            assert!(matches!(read(size, 10).await, Err(BodyError::TooLarge { limit: 10 })), "{size}");
        }
    }
}
