//! Notes the progress of large submissions in the transaction log.

use std::time::{Duration, Instant};

use psqlgraph::transactions::{self, Document, TransactionId};
use serde_json::{Value, json};

use super::body::SubmittedBody;
use crate::Sheepdog;

/// Shortest time between two progress notes.
const EVERY: Duration = Duration::from_secs(1);
/// Work does not wait longer than this for a connection to write a note.
const PATIENCE: Duration = Duration::from_secs(2);

/// A phase of the work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// Documents are read, checked, and compared with what is stored.
    Reading,
    /// The file index is asked.
    Files,
    /// Links are looked up and checked.
    Linking,
    /// Nodes, links and history are written.
    Writing,
}

impl Phase {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Files => "files",
            Self::Linking => "linking",
            Self::Writing => "writing",
        }
    }
}

/// The notes of a submission of several batches; others are too quick for notes.
pub(super) struct Progress {
    transaction_id: TransactionId,
    /// The number of documents; `None`: no notes.
    of: Option<usize>,
    /// The document row with the notes.
    row: Option<i32>,
    last: Option<Instant>,
}

impl Progress {
    pub(super) fn new(transaction_id: TransactionId, of: Option<usize>) -> Self {
        Self { transaction_id, of, row: None, last: None }
    }

    /// Whether a note may have been written.
    pub(super) fn has_notes(&self) -> bool {
        self.last.is_some()
    }

    /// Notes that `rows` are done, unless there was a note just now. It goes through a connection of its own,
    /// for it is to be seen before the transaction ends; when there is none, the note is left out.
    pub(super) async fn note(
        &mut self,
        sheepdog: &Sheepdog,
        body: &SubmittedBody,
        phase: Phase,
        rows: usize,
    ) {
        let Some(of) = self.of else { return };
        if self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        let progress = json!({ "progress": { "phase": phase.as_str(), "rows": rows, "of": of } });
        match tokio::time::timeout(PATIENCE, self.write(sheepdog, body, &progress)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(error = %error, "progress could not be noted"),
            Err(_) => tracing::debug!("progress could not be noted in time"),
        }
        self.last = Some(Instant::now());
    }

    async fn write(
        &mut self,
        sheepdog: &Sheepdog,
        body: &SubmittedBody,
        progress: &Value,
    ) -> Result<(), sqlx::Error> {
        let mut connection = sheepdog.pool.acquire().await?;
        match self.row {
            Some(row) => {
                transactions::set_progress(&mut connection, self.transaction_id, row, progress).await
            }
            None => {
                let (name, format) = (body.name.as_deref(), body.format.as_str());
                let document = Document { name, format, text: "", response: progress };
                let row =
                    transactions::begin_progress(&mut connection, self.transaction_id, &document).await?;
                self.row = Some(row);
                Ok(())
            }
        }
    }
}
