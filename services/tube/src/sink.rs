//! Where documents go.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

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

/// What takes the documents of a run: a folder, or a search engine.
///
/// For each index come one [`begin`](Sink::begin), any number of [`write`](Sink::write), and one
/// [`finish`](Sink::finish). If the run fails in between, `finish` does not come, and what was there before
/// must still be served.
#[async_trait]
pub trait Sink: Send {
    /// Makes room for an index. `as_of` is the time of the newest submission in it.
    async fn begin(&mut self, outline: &Outline, as_of: Option<DateTime<Utc>>) -> Result<(), SinkError>;

    /// Takes documents, in the order of their roots' ids.
    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError>;

    /// Puts what was written into the place of what was there.
    async fn finish(&mut self) -> Result<(), SinkError>;
}
