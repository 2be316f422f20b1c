//! Why a text is not a YAML document.

use crate::model::Position;

/// Why a text is not a YAML document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {message}")]
pub struct Error {
    /// The place of the fault.
    pub position: Position,
    /// What is wrong there.
    pub message: String,
}

impl Error {
    pub(crate) fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}
