//! The bodies of a request and its answer on their way through.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    web::Payload,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::header::{CONNECTION, CONTENT_LENGTH};
use tokio::sync::mpsc;

use crate::hop::Hop;

/// A body that makes no progress for this long is given up.
const STALLED: Duration = Duration::from_secs(400);
/// At most this many chunks are on their way from the client to the service.
const CHUNKS_IN_FLIGHT: usize = 8;

/// Whether a request with these headers has a body.
pub fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

/// The client's body as a stream that may move between threads: requests are read on one thread, sent from
/// another.
pub fn sendable(mut body: Payload) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(CHUNKS_IN_FLIGHT);
    actix_web::rt::spawn(async move {
        loop {
            let chunk = match tokio::time::timeout(STALLED, body.next()).await {
                Ok(None) => return,
                Ok(Some(chunk)) => chunk.map_err(std::io::Error::other),
                Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut)),
            };
            let broken = chunk.is_err();
            if sender.send(chunk).await.is_err() || broken {
                return;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}

/// The answer of another server as our own.
pub fn received(answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    let headers = answer.headers();
    let hop = Hop::of(headers.get_all(CONNECTION).iter().map(|value| value.as_bytes()));
    for (name, value) in
        headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH && !hop.ends(name.as_str()))
    {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let chunks = stream::unfold(answer.bytes_stream(), |mut chunks| async move {
        let chunk = match tokio::time::timeout(STALLED, chunks.next()).await {
            Ok(chunk) => chunk?.map_err(|error| std::io::Error::other(error.without_url())),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut)),
        };
        Some((chunk, chunks))
    });
    match length {
        Some(length) => response.body(SizedStream::new(length, Box::pin(chunks))),
        None => response.streaming(Box::pin(chunks)),
    }
}
