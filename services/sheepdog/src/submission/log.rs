//! Keeps the body and the answer of a submission in the transaction log.

use psqlgraph::transactions::{self, Document, State};
use sqlx::PgConnection;

use super::work::{Course, Work};
use crate::{
    Error,
    answer::{
        json::raw,
        outcome::{Outcome, Reader},
    },
    runtime::spool::Spool,
    utf8,
};

/// Bodies of at most this many bytes are written at once, others in pieces of this size.
const PIECE: usize = 4 << 20;
/// Larger bodies are not kept: PostgreSQL needs several times as much memory to put one together.
const MOST_TEXT: u64 = 256 << 20;
/// Answers with more bytes are kept without their entities.
const MOST_ANSWER: u64 = 32 << 20;

impl Work<'_> {
    /// Keeps body and answer, and ends the log.
    pub(super) async fn write_log(
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

    /// Keeps the body with its answer.
    pub(super) async fn add_document(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        answer: &Spool,
    ) -> Result<(), Error> {
        let response = if answer.len() <= MOST_ANSWER {
            raw(answer).await?
        } else {
            let place = self.sheepdog.config.place();
            let summary = if outcome.is_bounded() {
                outcome.answer(&place, &self.sheepdog.dictionary, Reader::Client).await?
            } else {
                outcome.summary(&place).await?
            };
            raw(&summary).await?
        };
        let (id, body) = (outcome.transaction_id, &self.submission.body.spool);
        let (name, format) = (self.submission.body.name.as_deref(), self.submission.body.format.as_str());
        if body.len() <= PIECE as u64 {
            let bytes = body.whole().await?;
            let document = Document { name, format, text: utf8::text(&bytes)?, response: &*response };
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
        let text = utf8::whole_characters(&bytes);
        if text.is_empty() {
            return Err(Error::internal("keeping a body", "it was UTF-8 and is not any more"));
        }
        transactions::add_text(connection, number, text).await?;
        at += text.len() as u64;
        number += 1;
    }
    Ok(())
}
