//! Documents of requests, seen while the protocol library reads them. The library takes a document whose
//! digest is not the one that was said, or that breaks off, for a failure of its own: here it is known
//! better.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Method, StatusCode, request::Parts};
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest as _, Sha256};

use crate::{authorization::CONTENT_SHA256, pace::Stalled, refusal::Refusal};

/// What is seen of a body.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    body: B,
    /// Of a document: the digest that it must have, and the one that it has so far.
    digest: Option<(String, Sha256)>,
    broken: Option<Broken>,
    is_whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Stalled,
    CutOff,
}

impl<B: Body> Watched<B> {
    /// The body of a request with this head. The digest of an object's bytes is compared where they are kept,
    /// and not computed twice.
    pub(crate) fn new(head: &Parts, body: B) -> Self {
        let said = head.headers.get(CONTENT_SHA256).and_then(|said| said.to_str().ok());
        let said = said.filter(|said| said.len() == 64 && is_document(head));
        let digest = said.map(|said| (said.to_ascii_lowercase(), Sha256::new()));
        Self { body, digest, broken: None, is_whole: false }
    }

    /// What was wrong with the body, if anything was.
    pub(crate) fn fault(&self) -> Option<Refusal> {
        match self.broken {
            Some(Broken::Stalled) => {
                return Some(Refusal::bad("RequestTimeout", "the body made no progress"));
            }
            Some(Broken::CutOff) => return Some(Refusal::bad("IncompleteBody", "the body ended early")),
            None => {}
        }
        let (said, digest) = self.digest.as_ref().filter(|_| self.is_whole || self.body.is_end_stream())?;
        let found = hex::encode(digest.clone().finalize());
        if *said == found {
            return None;
        }
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", message);
        Some(refusal.with("ClientComputedContentSHA256", said).with("S3ComputedContentSHA256", found))
    }
}

/// Whether the body is for the store to read, and not to keep.
fn is_document(head: &Parts) -> bool {
    let has_key = head.uri.path().trim_start_matches('/').contains('/');
    let query = head.uri.query().unwrap_or_default();
    let is_tagging = query.split('&').any(|name| name == "tagging" || name == "tagging=");
    head.method == Method::POST || head.method == Method::PUT && (!has_key || is_tagging)
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(piece), Some((_, digest))) = (frame.data_ref(), &mut self.digest) {
                    digest.update(piece);
                }
            }
            Some(Err(error)) => {
                let is_stalled = error.get_ref().is_some_and(|error| error.is::<Stalled>());
                self.broken = Some(if is_stalled { Broken::Stalled } else { Broken::CutOff });
            }
            None => {}
        }
        self.is_whole |= frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::Request;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    async fn fault(method: &str, uri: &str, said: &str, piece: io::Result<&'static str>) -> Option<Refusal> {
        let request = Request::builder().method(method).uri(uri).header(CONTENT_SHA256, said);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let piece = piece.map(|piece| Frame::data(Bytes::from_static(piece.as_bytes())));
        let mut watched = Watched::new(&head, StreamBody::new(stream::iter([piece])));
        while watched.frame().await.is_some_and(|frame| frame.is_ok()) {}
        watched.fault()
    }

    #[tokio::test]
    async fn a_document_has_the_digest_that_was_said_and_does_not_break_off() {
        let of_a = hex::encode(Sha256::digest("a"));
        let code = |fault: Option<Refusal>| fault.map(|fault| fault.code);
        for (method, uri, is_compared) in [
            ("POST", "/b?delete", true),
            ("PUT", "/b", true),
            ("PUT", "/b/k?tagging", true),
            ("PUT", "/b/k", false),
            ("PUT", "/b/k?partNumber=1&uploadId=tagging", false),
        ] {
            assert_eq!(code(fault(method, uri, &of_a, Ok("a")).await), None, "{uri}");
            let wanted = is_compared.then_some("XAmzContentSHA256Mismatch");
            assert_eq!(code(fault(method, uri, &of_a, Ok("b")).await), wanted, "{uri}");
        }
        assert_eq!(code(fault("POST", "/b?delete", "UNSIGNED-PAYLOAD", Ok("b")).await), None);
        let request = Request::builder().method("POST").uri("/b?delete").header(CONTENT_SHA256, of_a);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let empty = Watched::new(&head, http_body_util::Empty::<Bytes>::new());
        assert_eq!(code(empty.fault()), Some("XAmzContentSHA256Mismatch"), "nobody reads it");
        let cut = Err(io::ErrorKind::ConnectionReset.into());
        assert_eq!(code(fault("POST", "/b", "x", cut).await), Some("IncompleteBody"));
        let stalled = Err(io::Error::other(Stalled));
        assert_eq!(code(fault("POST", "/b", "x", stalled).await), Some("RequestTimeout"));
    }
}
