//! What stays of a submission in the transaction log.

use psqlgraph::transactions::{self, Document, State};
use sqlx::PgConnection;

use crate::{
    Error,
    answer::{Outcome, raw},
    body,
    spool::Spool,
    submission::{Course, Work},
};

/// Bodies up to this many bytes are written at once, others in pieces of this size.
const PIECE: usize = 4 << 20;
/// PostgreSQL holds 1 GB in one text, and needs several times as much to put it together; larger bodies are not kept.
const MOST_TEXT: u64 = 256 << 20;
/// Answers with more bytes are kept without their entities.
const MOST_ANSWER: u64 = 32 << 20;

impl Work<'_> {
    /// Keeps body and answer, and ends the log.
    pub(crate) async fn write_log(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &Course,
        state: State,
        answer: &Spool,
    ) -> Result<(), Error> {
        let id = outcome.transaction_id;
        if course.progress.has_notes() {
            transactions::end_progress(connection, id).await?;
        }
        self.add_document(connection, outcome, answer).await?;
        Ok(transactions::finish(connection, id, state, course.canonical.text().as_deref()).await?)
    }

    /// Keeps the body with the answer it got.
    pub(crate) async fn add_document(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        answer: &Spool,
    ) -> Result<(), Error> {
        let response = match answer.len() <= MOST_ANSWER {
            true => raw(answer).await?,
            false => raw(&outcome.summary(&self.sheepdog.place()).await?).await?,
        };
        let source = &self.submission.source;
        let (id, body) = (outcome.transaction_id, &source.body);
        let (name, format) = (source.name.as_deref(), source.format.as_str());
        if body.len() <= PIECE as u64 {
            let bytes = body.whole().await?;
            let document = Document { name, format, text: body::text(&bytes)?, response: &*response };
            return Ok(transactions::add_document(connection, id, &document).await?);
        }
        if body.len() > MOST_TEXT {
            let text = format!("(not kept: {} bytes)", body.len());
            let document = Document { name, format, text: &text, response: &*response };
            return Ok(transactions::add_document(connection, id, &document).await?);
        }
        add_pieces(connection, body).await?;
        let document = Document { name, format, text: "", response: &*response };
        Ok(transactions::add_large_document(connection, id, &document).await?)
    }
}

async fn add_pieces(connection: &mut PgConnection, body: &Spool) -> Result<(), Error> {
    let (mut at, mut number) = (0, 0);
    while at < body.len() {
        let bytes = body.piece(at, PIECE).await?;
        let text = whole_characters(&bytes);
        if text.is_empty() {
            return Err(Error::Corrupt("a body that was UTF-8 is not any more".to_owned()));
        }
        transactions::add_text(connection, number, text).await?;
        at += text.len() as u64;
        number += 1;
    }
    Ok(())
}

fn whole_characters(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}
