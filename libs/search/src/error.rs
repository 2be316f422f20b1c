//! What goes wrong.

use std::time::Duration;

/// Why an engine gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// There is no index and no alias of this name.
    #[error("there is no index {0:?}")]
    NoIndex(String),
    /// An index or alias of this name is there already.
    #[error("there is an index {0:?} already")]
    Exists(String),
    /// The question cannot be answered; the text says why, in the words of the engine.
    #[error("{0}")]
    Refused(String),
    /// The engine can't be reached, is overloaded or has no room; later it may work.
    #[error("the search engine is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It would take longer than it may.
    #[error("the search takes longer than {} s; ask for less at once", .0.as_secs_f64())]
    TooLong(Duration),
    /// The engine answers what it should not.
    #[error("the search engine failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
