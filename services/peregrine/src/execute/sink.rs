//! Where an answer goes: held back while it may still turn out to be an error, then sent while it is made.

use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{mpsc, watch};

use super::Answer;
use crate::error::Error;

/// Bytes that are sent at once.
const PIECE: usize = 64 << 10;
/// A client that takes nothing for this long loses its answer, for it holds a database connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// What there is to send.
#[derive(Debug)]
pub(crate) enum Part {
    /// The whole answer. Nothing follows.
    Whole(Answer),
    /// A part of an answer without errors; more follows.
    More(Bytes),
    /// An answer without errors is complete.
    End,
}

pub(crate) type Sent = Result<Part, Error>;

/// The end of an answer that is written.
pub(crate) struct Sink {
    text: Vec<u8>,
    /// Bytes that are held back, so that whatever goes wrong until then has its status and its words.
    hold: usize,
    /// Errors that the query may have: once the status is sent it is too late for them.
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
        let possible_errors = Vec::new();
        Self { text: Vec::new(), hold, possible_errors, sender, stopped, is_sending: false, passed_on: 0 }
    }

    /// Names the errors that the query may turn out to have. An answer that may have some is not sent in parts.
    pub(super) fn expect_errors(&mut self, possible: Vec<String>) {
        self.possible_errors = possible;
    }

    /// The text that is written to; [`Sink::pass_on`] after every few KiB of it.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> usize {
        self.passed_on + self.text.len()
    }

    /// Sends what need not be held back, when it is enough to be sent.
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

    /// The answer is complete.
    ///
    /// # Errors
    /// The client has gone.
    pub(super) async fn finish(mut self, errors: Vec<String>) -> Result<(), Error> {
        if !self.is_sending {
            let body = std::mem::take(&mut self.text);
            return self.send(Part::Whole(Answer { body: body.into(), errors })).await;
        }
        self.send_text().await?;
        self.send(Part::End).await
    }

    async fn send_text(&mut self) -> Result<(), Error> {
        self.passed_on += self.text.len();
        let piece = Bytes::from(std::mem::take(&mut self.text));
        self.send(Part::More(piece)).await
    }

    async fn send(&mut self, part: Part) -> Result<(), Error> {
        tokio::select! {
            sent = tokio::time::timeout(PATIENCE, self.sender.send(Ok(part))) => match sent {
                Ok(Ok(())) => Ok(()),
                _ => Err(Error::ClientGone),
            },
            _ = self.stopped.wait_for(|stopped| *stopped) => Err(Error::ClientGone),
        }
    }
}

/// An answer that arrives. Dropping it cancels what still runs for it.
#[derive(Debug)]
pub(crate) struct Arriving(mpsc::Receiver<Sent>);

/// An answer as the client gets it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// All of it is there.
    Whole(Answer),
    /// It has no errors, and more of it than this is on its way.
    Begun(Bytes, Arriving),
}

impl Arriving {
    pub(super) fn new(receiver: mpsc::Receiver<Sent>) -> Self {
        Self(receiver)
    }

    /// Waits until it is known how the answer begins.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn reply(mut self) -> Result<Reply, Error> {
        match self.next().await? {
            Part::Whole(answer) => Ok(Reply::Whole(answer)),
            Part::More(bytes) => Ok(Reply::Begun(bytes, self)),
            Part::End => Err(lost()),
        }
    }

    async fn next(&mut self) -> Result<Part, Error> {
        self.0.recv().await.unwrap_or_else(|| Err(lost()))
    }

    /// What follows `begun`, in pieces. It ends with an error, which breaks the transfer, unless the answer is complete.
    pub(crate) fn pieces(self, begun: Bytes) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::unfold(Some((begun, self)), |state| async move {
            let (mut bytes, mut arriving) = state?;
            while bytes.is_empty() {
                bytes = match arriving.next().await {
                    Ok(Part::More(bytes)) => bytes,
                    Ok(Part::Whole(_) | Part::End) => return None,
                    Err(error) => return Some((Err(error), None)),
                };
            }
            let piece = bytes.split_to(bytes.len().min(PIECE));
            Some((Ok(piece), Some((bytes, arriving))))
        })
    }
}

/// The work ended without a word.
fn lost() -> Error {
    Error::internal("a query ended unexpectedly", "its answer has no end")
}

impl Reply {
    /// The whole answer, at once.
    ///
    /// # Errors
    /// Why it is not complete.
    pub(crate) async fn collect(self) -> Result<Answer, Error> {
        let (begun, mut arriving) = match self {
            Self::Whole(answer) => return Ok(answer),
            Self::Begun(begun, arriving) => (begun, arriving),
        };
        let mut body = Vec::from(begun);
        while let Part::More(bytes) = arriving.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(Answer { body: body.into(), errors: Vec::new() })
    }
}
