//! Writing down who logged in and who got a signed URL.
//!
//! A service notes an [`Event`] at its [`Recorder`], which never makes a request wait and never fails it. The
//! recorder passes events on to an [`AuditLog`]: the audit service in the same process, or [`HttpAuditLog`].

mod event;
mod http;
mod recorder;

use std::error::Error;

use async_trait::async_trait;

pub use event::{Category, Event, Login, PresignedUrl, now};
pub use http::HttpAuditLog;
pub use recorder::{Recorder, Recording};

/// Why events could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// They cannot be stored as they are; trying again does not help.
    #[error("the audit service refuses the record: {0}")]
    Refused(String),
    /// Another time they may be.
    #[error("the audit service cannot be used now")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Where events are written down.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Writes all of `events` down, or none of them. There are at most [`AuditLog::at_once`].
    ///
    /// # Errors
    /// [`AuditError::Unavailable`] when they may be written later, [`AuditError::Refused`] when they never
    /// will be.
    async fn record(&self, events: &[Event]) -> Result<(), AuditError>;

    /// How many events it takes at once.
    fn at_once(&self) -> usize {
        500
    }
}
