//! An answer, as it comes back from the work that makes it.

use std::sync::Arc;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::{
    sink::{Answer, AnswerPart, PATIENCE, PIECE, Sent},
    spill::{FileRoom, spilled},
};
use crate::error::Error;

/// An answer that arrives. Dropping it cancels what still runs for it.
#[derive(Debug)]
pub(crate) struct Arriving(mpsc::Receiver<Sent>);

/// An answer as the client gets it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// All of it is there.
    Whole(Answer),
    /// It has no errors, and more than this is on its way.
    Begun(Bytes, Arriving),
}

impl Arriving {
    pub(super) fn new(receiver: mpsc::Receiver<Sent>) -> Self {
        Self(receiver)
    }

    /// Waits for the beginning of the answer. The rest of it waits for its reader in `room`.
    ///
    /// # Errors
    /// The reason why there is no answer.
    pub(crate) async fn reply(mut self, room: &Arc<FileRoom>) -> Result<Reply, Error> {
        match self.next().await? {
            AnswerPart::Whole(answer) => Ok(Reply::Whole(answer)),
            AnswerPart::More(bytes) => Ok(Reply::Begun(bytes, Self(spilled(self.0, room.clone(), PATIENCE)))),
            AnswerPart::End => Err(lost()),
        }
    }

    async fn next(&mut self) -> Result<AnswerPart, Error> {
        self.0.recv().await.unwrap_or_else(|| Err(lost()))
    }

    /// `begun` and what follows, in pieces. They end with an error, which breaks the transfer, unless the
    /// answer is complete.
    pub(crate) fn pieces(self, begun: Bytes) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::unfold(Some((begun, self)), |state| async move {
            let (mut bytes, mut arriving) = state?;
            while bytes.is_empty() {
                bytes = match arriving.next().await {
                    Ok(AnswerPart::More(bytes)) => bytes,
                    Ok(AnswerPart::Whole(_) | AnswerPart::End) => return None,
                    Err(error) => {
                        error.log_untold();
                        return Some((Err(error), None));
                    }
                };
            }
            let piece = bytes.split_to(bytes.len().min(PIECE));
            Some((Ok(piece), Some((bytes, arriving))))
        })
    }
}

/// The work ended without a word.
fn lost() -> Error {
    Error::internal("answering a query", "the work ended without an end of its answer")
}

impl Reply {
    /// Waits for the whole answer.
    ///
    /// # Errors
    /// The reason why it is not complete.
    pub(crate) async fn collect(self) -> Result<Answer, Error> {
        let (begun, mut arriving) = match self {
            Self::Whole(answer) => return Ok(answer),
            Self::Begun(begun, arriving) => (begun, arriving),
        };
        let mut body = Vec::from(begun);
        while let AnswerPart::More(bytes) = arriving.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(Answer { body: body.into(), errors: Vec::new() })
    }
}
