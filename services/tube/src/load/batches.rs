//! Writing documents in batches.

use search::{Engine, Operation};

use super::error::LoadError;
use crate::sink::Document;

/// Bytes of documents that go to the engine at once.
const BYTES: usize = 8 << 20;
/// Documents that go to it at once.
const DOCUMENTS: usize = 20_000;

/// Documents on their way to one index.
pub(super) struct Batches {
    index: String,
    waiting: Vec<Operation>,
    bytes: usize,
    /// How many documents have been written.
    pub(super) written: u64,
}

impl Batches {
    pub(super) fn new(index: String) -> Self {
        Self { index, waiting: Vec::new(), bytes: 0, written: 0 }
    }

    pub(super) fn index(&self) -> &str {
        &self.index
    }

    /// Adds documents, and writes when there are enough.
    pub(super) async fn add(
        &mut self,
        engine: &dyn Engine,
        documents: Vec<Document>,
    ) -> Result<(), LoadError> {
        for document in documents {
            self.bytes += document.body.len();
            self.waiting.push(Operation::Put { id: Some(document.id), body: document.body });
            self.written += 1;
            if self.bytes >= BYTES || self.waiting.len() >= DOCUMENTS {
                self.flush(engine).await?;
            }
        }
        Ok(())
    }

    /// Takes a document away.
    pub(super) fn remove(&mut self, id: String) {
        self.waiting.push(Operation::Delete { id });
    }

    /// Writes what waits.
    pub(super) async fn flush(&mut self, engine: &dyn Engine) -> Result<(), LoadError> {
        self.bytes = 0;
        let operations = std::mem::take(&mut self.waiting);
        if operations.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = operations.iter().map(id).collect();
        let written = engine.write(&self.index, operations).await?;
        let Some(first) = written.rejected.first() else { return Ok(()) };
        Err(LoadError::Rejected {
            index: self.index.clone(),
            number: written.rejected.len(),
            id: ids.get(first.place).cloned().unwrap_or_default(),
            reason: first.reason.clone(),
        })
    }
}

fn id(operation: &Operation) -> String {
    match operation {
        Operation::Put { id, .. } => id.clone().unwrap_or_default(),
        Operation::Delete { id } => id.clone(),
    }
}
