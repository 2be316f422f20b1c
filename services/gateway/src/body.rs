//! The request's body on its way through the gateway: its largest size, and whether it still makes progress.

use std::{cell::Cell, future::Future, pin::Pin, rc::Rc, time::Duration};

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::{StatusCode, header},
    web::Bytes,
};
use futures_util::{Stream, StreamExt};
use tokio::time::Instant;

use crate::refusal::Refusal;

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// The state of a body while it passes.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    last_chunk: Rc<Cell<Instant>>,
    too_long: Rc<Cell<bool>>,
}

impl Passing {
    /// Watches the body of `request`. One that says it is longer than `limit` is refused here; one that turns
    /// out to be is cut off.
    pub(crate) fn watch(request: &mut ServiceRequest, limit: Option<u64>) -> Result<Self, Refusal> {
        let limit = limit.unwrap_or(u64::MAX);
        let length =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > limit) {
            return Err(refusal());
        }
        let passing = Self { last_chunk: Rc::new(Cell::new(Instant::now())), too_long: Rc::default() };
        if length.is_some_and(|length| length > 0)
            || request.headers().contains_key(header::TRANSFER_ENCODING)
        {
            let body = request.take_payload();
            request.set_payload(Payload::from(passing.clone().through(body, limit)));
        }
        Ok(passing)
    }

    fn through(self, body: Payload, limit: u64) -> Body {
        let watched = body.scan(0_u64, move |seen, chunk| {
            self.last_chunk.set(Instant::now());
            *seen += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
            let over = *seen > limit;
            self.too_long.set(over);
            std::future::ready(Some(if over { Err(PayloadError::Overflow) } else { chunk }))
        });
        Box::pin(watched)
    }

    /// Waits for `answer`, unless neither it nor the body makes progress for `limit`. A long upload over a
    /// slow line is progress.
    pub(crate) async fn within<F: Future>(&self, limit: Duration, answer: F) -> Option<F::Output> {
        tokio::pin!(answer);
        loop {
            let deadline = self.last_chunk.get() + limit;
            match tokio::time::timeout_at(deadline, &mut answer).await {
                Ok(output) => return Some(output),
                Err(_) if self.last_chunk.get() + limit > deadline => {}
                Err(_) => return None,
            }
        }
    }

    /// The refusal of a body that turned out to be too long, whatever the service answered.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.too_long.get().then(refusal)
    }
}

fn refusal() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than this path takes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing() -> Passing {
        Passing { last_chunk: Rc::new(Cell::new(Instant::now())), too_long: Rc::default() }
    }

    const LIMIT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_given_up() {
        let never = std::future::pending::<()>();
        assert_eq!(passing().within(LIMIT, never).await, None);
    }

    #[tokio::test]
    async fn a_body_that_moves_keeps_the_request_alive() {
        let passing = passing();
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(LIMIT / 6).await;
                passing.last_chunk.set(Instant::now());
            }
            "done"
        };
        assert_eq!(passing.within(LIMIT, slow).await, Some("done"));
    }
}
