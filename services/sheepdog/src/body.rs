//! Reading request bodies within a limit.

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use crate::Error;

/// A client that is refused early may be in the middle of sending and would see a broken connection and no
/// answer, so up to this many times the limit is read and dropped.
const DRAIN_TIMES: usize = 8;

/// The whole body.
///
/// # Errors
/// [`Error::TooLarge`] above `limit` bytes, [`Error::BadRequest`] when the client breaks off.
pub(crate) async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::BadRequest("the body cannot be read".to_owned()))?;
        length = length.saturating_add(chunk.len());
        if length > limit {
            body = BytesMut::new();
            if length > limit.saturating_mul(DRAIN_TIMES) {
                break;
            }
            continue;
        }
        body.extend_from_slice(&chunk);
    }
    if length > limit {
        return Err(Error::TooLarge { limit });
    }
    Ok(body.freeze())
}

/// The body as text.
///
/// # Errors
/// [`Error::BadRequest`] in the original's words when it is not UTF-8; the bytes are not repeated in it.
pub(crate) fn text(body: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(body).map_err(|error| {
        let position = error.valid_up_to();
        let byte = body.get(position).copied().unwrap_or_default();
        let reason = match error.error_len() {
            None => "unexpected end of data",
            Some(_) if (0xc2..=0xf4).contains(&byte) => "invalid continuation byte",
            Some(_) => "invalid start byte",
        };
        Error::BadRequest(format!(
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}: \
             unable to decode data"
        ))
    })
}
