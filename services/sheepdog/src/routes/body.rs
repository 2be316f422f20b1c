//! Reading request bodies within a limit.

use ::web::{BodyError, DRAIN_TIMES, read_body};
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt as _;

use crate::{
    Error,
    runtime::spool::{Place, Spool, Writer},
    utf8,
};

/// Largest body that is read into memory, in bytes.
const LARGEST_WHOLE: usize = 128 << 20;

/// The whole body, in memory.
///
/// # Errors
/// [`Error::TooLarge`] above `limit` bytes (and above 128 MiB), [`Error::BadRequest`] when the client breaks
/// off.
pub(super) async fn read(payload: Payload, limit: usize) -> Result<Bytes, Error> {
    read_body(payload, limit.min(LARGEST_WHOLE)).await.map_err(|error| match error {
        BodyError::TooLarge { limit } => Error::TooLarge { limit },
        BodyError::BrokenOff(_) => broken_off(),
    })
}

/// The whole body, which is UTF-8; in a file when it is large.
///
/// # Errors
/// [`Error::TooLarge`] above `limit` bytes, [`Error::BadRequest`] when the client breaks off or sends what is
/// not UTF-8.
pub(super) async fn receive(mut payload: Payload, limit: usize, place: Place) -> Result<Spool, Error> {
    let mut writer = Writer::new(place.clone());
    let (mut length, mut check, mut fault) = (0_usize, utf8::Check::default(), None);
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
