//! Body limits.

use std::pin::Pin;

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::{StatusCode, header},
    web::Bytes,
};
use futures_util::{Stream, StreamExt};

use crate::pipeline::Refusal;

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Refuses a body that says it is longer than `limit`, and stops one that turns out to be.
pub(crate) fn apply(req: &mut ServiceRequest, limit: Option<u64>) -> Result<(), Refusal> {
    let Some(limit) = limit else { return Ok(()) };
    let length =
        req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limit => {
            let text = format!("the body is longer than {limit} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, &text))
        }
        // The server reads no more than the length that was given.
        Some(_) => Ok(()),
        None if req.headers().contains_key(header::TRANSFER_ENCODING) => {
            let body = req.take_payload();
            req.set_payload(Payload::from(counted(body, limit)));
            Ok(())
        }
        None => Ok(()),
    }
}

fn counted(body: Payload, limit: u64) -> Body {
    let counted = body.scan(0_u64, move |seen, chunk| {
        *seen += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let chunk = if *seen > limit { Err(PayloadError::Overflow) } else { chunk };
        std::future::ready(Some(chunk))
    });
    Box::pin(counted)
}
