//! Reading request bodies within a limit.

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt as _;

use crate::{
    Error,
    spool::{Place, Spool, Writer},
};

/// A client that is refused early may be in the middle of sending and would see a broken connection and no
/// answer, so up to this many times the limit is read and dropped.
const DRAIN_TIMES: usize = 8;

/// Largest body that is read into memory.
const LARGEST_WHOLE: usize = 128 << 20;

/// The whole body, in memory.
///
/// # Errors
/// [`Error::TooLarge`] above `limit` bytes (and above 128 MiB), [`Error::BadRequest`] when the client breaks off.
pub(crate) async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, Error> {
    let limit = limit.min(LARGEST_WHOLE);
    let mut body = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
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

/// The whole body, a text, not in memory when it is large.
///
/// # Errors
/// [`Error::TooLarge`] above `limit` bytes, [`Error::BadRequest`] when the client breaks off or sends what is not UTF-8.
pub(crate) async fn receive(mut payload: Payload, limit: usize, place: Place) -> Result<Spool, Error> {
    let mut writer = Writer::new(place.clone());
    let (mut length, mut check, mut fault) = (0_usize, Utf8::default(), None);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
        length = length.saturating_add(chunk.len());
        if length > limit.saturating_mul(DRAIN_TIMES) {
            break;
        }
        if length > limit || fault.is_some() {
            // Only its length matters now.
            writer = Writer::new(place.clone());
            continue;
        }
        fault = check.feed(&chunk).err();
        writer.push(&chunk);
        writer.relieve().await?;
    }
    if length > limit {
        return Err(Error::TooLarge { limit });
    }
    match fault {
        Some(fault) => Err(fault),
        None => check.end().map(|()| writer)?.finish().await.map_err(Error::from),
    }
}

fn broken_off() -> Error {
    Error::BadRequest("the body cannot be read".to_owned())
}

/// The body as text.
///
/// # Errors
/// [`Error::BadRequest`] in the original's words when it is not UTF-8; the bytes are not repeated in it.
pub(crate) fn text(body: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(body).map_err(|error| not_utf8(body, &error, 0))
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error, before: usize) -> Error {
    let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
    let position = before + error.valid_up_to();
    let reason = match error.error_len() {
        None => "unexpected end of data",
        Some(_) if (0xc2..=0xf4).contains(&byte) => "invalid continuation byte",
        Some(_) => "invalid start byte",
    };
    Error::BadRequest(format!(
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x{byte:02x} in position {position}: {reason}: \
         unable to decode data"
    ))
}

/// Checks a text that comes in pieces.
#[derive(Default)]
struct Utf8 {
    /// Bytes of complete characters so far.
    position: usize,
    /// The beginning of a character.
    begun: Vec<u8>,
}

impl Utf8 {
    fn feed(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let joined;
        let bytes = match self.begun.is_empty() {
            true => chunk,
            false => {
                joined = [self.begun.as_slice(), chunk].concat();
                &joined
            }
        };
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(not_utf8(bytes, &error, self.position)),
        };
        let begun = bytes[valid..].to_vec();
        self.position += valid;
        self.begun = begun;
        Ok(())
    }

    fn end(&self) -> Result<(), Error> {
        match std::str::from_utf8(&self.begun) {
            Ok(_) => Ok(()),
            Err(error) => Err(not_utf8(&self.begun, &error, self.position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_text_in_pieces_is_refused_like_the_whole(
            bytes in "[a-zäß€😀]{0,6}".prop_map(String::into_bytes),
            broken in proptest::collection::vec(proptest::num::u8::ANY, 0..4),
            size in 1_usize..5,
        ) {
            let body = [bytes.as_slice(), &broken, &bytes].concat();
            let mut check = Utf8::default();
            let pieces = body.chunks(size).try_for_each(|piece| check.feed(piece)).and_then(|()| check.end());
            let whole = text(&body).map(|_| ());
            let message = |result: Result<(), Error>| result.map_err(|error| error.to_string());
            proptest::prop_assert_eq!(message(pieces), message(whole));
        }
    }

    use proptest::strategy::Strategy as _;
}
