//! Where an answer goes: held back while it may still turn out to be an error, then sent while it is made.

use std::time::Duration;

use actix_web::web::Bytes;
use tokio::sync::{mpsc, watch};

use crate::error::Error;

/// Bytes that are sent at once.
pub(super) const PIECE: usize = 64 << 10;
/// A client that takes nothing for this long loses its answer, because it holds room for it, or a database
/// connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// A whole answer, and what went wrong.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `{"data":...}`, with `errors` when there are any.
    pub(crate) body: Bytes,
    pub(crate) errors: Vec<String>,
}

/// What there is to send.
#[derive(Debug)]
pub(crate) enum AnswerPart {
    /// The whole answer; nothing follows.
    Whole(Answer),
    /// A part of an answer without errors; more follows.
    More(Bytes),
    /// The end of an answer without errors.
    End,
}

pub(crate) type Sent = Result<AnswerPart, Error>;

/// Where an answer is written to.
pub(crate) struct Sink {
    text: Vec<u8>,
    /// Bytes that are held back, so that whatever goes wrong until then has its own status and words.
    hold: usize,
    /// Errors that the query may have: it is too late for them once the status is sent.
    possible_errors: Vec<String>,
    sender: mpsc::Sender<Sent>,
    /// Becomes true when the work is given up.
    stopped: watch::Receiver<bool>,
    is_sending: bool,
    /// Bytes that have left.
    passed_on: usize,
}

impl Sink {
    pub(super) fn new(hold: usize, sender: mpsc::Sender<Sent>, stopped: watch::Receiver<bool>) -> Self {
        let (text, possible_errors) = (Vec::new(), Vec::new());
        Self { text, hold, possible_errors, sender, stopped, is_sending: false, passed_on: 0 }
    }

    /// Names the errors that the query may turn out to have. An answer that may have errors is not sent in
    /// parts.
    pub(super) fn expect_errors(&mut self, possible: Vec<String>) {
        self.possible_errors = possible;
    }

    /// The text that is written to. After every few KiB of it [`Sink::pass_on`] is due.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> usize {
        self.passed_on + self.text.len()
    }

    /// Sends what need not be held back, if there is enough of it.
    ///
    /// # Errors
    /// The client has gone, or the answer may not be sent in parts.
    pub(super) async fn pass_on(&mut self) -> Result<(), Error> {
        if !self.is_sending {
            if self.text.len() <= self.hold {
                return Ok(());
            }
            if !self.possible_errors.is_empty() {
                return Err(Error::Queries(std::mem::take(&mut self.possible_errors)));
            }
            self.is_sending = true;
        }
        if self.text.len() < PIECE.min(self.hold) {
            return Ok(());
        }
        self.send_text().await
    }

    /// Sends the rest of the answer, which is complete.
    ///
    /// # Errors
    /// The client has gone.
    pub(super) async fn finish(mut self, errors: Vec<String>) -> Result<(), Error> {
        if !self.is_sending {
            let body = std::mem::take(&mut self.text);
            return self.send(AnswerPart::Whole(Answer { body: body.into(), errors })).await;
        }
        self.send_text().await?;
        self.send(AnswerPart::End).await
    }

    async fn send_text(&mut self) -> Result<(), Error> {
        self.passed_on += self.text.len();
        let piece = Bytes::from(std::mem::take(&mut self.text));
        self.send(AnswerPart::More(piece)).await
    }

    async fn send(&mut self, part: AnswerPart) -> Result<(), Error> {
        tokio::select! {
            sent = tokio::time::timeout(PATIENCE, self.sender.send(Ok(part))) => match sent {
                Ok(Ok(())) => Ok(()),
                _ => Err(Error::ClientGone),
            },
            _ = self.stopped.wait_for(|stopped| *stopped) => Err(Error::ClientGone),
        }
    }
}
