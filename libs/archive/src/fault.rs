//! Why something was not done with a file.

use indexclient::IndexError;
use storage::StorageError;

/// Why something was not done with a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Something about the file is not as it must be; it would be the same another time.
    #[error("{0}")]
    User(String),
    /// The archived copy is not what was put there.
    #[error("{0}")]
    Damaged(String),
    /// It may go better another time.
    #[error("{0}")]
    System(String),
}

impl Fault {
    pub(crate) fn user(told: impl Into<String>) -> Self {
        Self::User(told.into())
    }

    /// A store did not do what it was asked to do with `what`.
    pub(crate) fn store(what: &str, error: &StorageError) -> Self {
        match error {
            StorageError::Key | StorageError::UnknownBucket(_) => Self::User(format!("{what}: {error}")),
            error => Self::System(format!("{what}: {error}")),
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::System(format!("the database failed: {error}"))
    }
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        match error {
            // The record has changed meanwhile: looked at again, it is decided again.
            IndexError::Conflict(told) => Self::System(format!("the record has changed meanwhile: {told}")),
            IndexError::BadRequest(told) => Self::User(format!("the index refuses the change: {told}")),
            other => Self::System(format!("the index: {other}")),
        }
    }
}
