//! Where documents go.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Outline;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The id of its root, made unique where a root has several documents. The same graph gives the same
    /// ids.
    pub id: String,
    /// An object, as JSON on one line.
    pub body: String,
}

/// Why a sink does not take a document.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// The moment of the graph that a run sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// When the newest submission in it was made.
    pub as_of: Option<DateTime<Utc>>,
    /// Which transactions of the database it has for certain.
    pub mark: Mark,
}

/// A place in the history of a database: all transactions before it have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The database: its cluster and its number there. Numbers of transactions mean nothing elsewhere.
    pub database: String,
    /// The first transaction that had not ended, by its whole number.
    pub transaction: i64,
}

/// What takes the documents of a run: a folder, or a search engine.
///
/// For each index come one [`begin`](Sink::begin), any number of [`write`](Sink::write), and one
/// [`finish`](Sink::finish); after the last index one [`end`](Sink::end). If the run fails in between,
/// neither comes, and what was there before must still be served.
#[async_trait]
pub trait Sink: Send {
    /// Makes room for an index.
    async fn begin(&mut self, outline: &Outline, moment: &Moment) -> Result<(), SinkError>;

    /// Takes documents, in the order of their roots' ids.
    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError>;

    /// The index is whole.
    async fn finish(&mut self) -> Result<(), SinkError>;

    /// All indices are whole.
    async fn end(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}
