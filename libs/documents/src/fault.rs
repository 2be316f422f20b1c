//! Why a body cannot be read.

use std::io;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is malformed; the text is for the client and says where.
    #[error("{0}")]
    Unreadable(String),
    /// Its source failed.
    #[error("the body cannot be read: {0}")]
    Source(#[from] io::Error),
}
