//! Why a file could not be brought in.

use web::Failure;

use super::Loss;
use crate::Error;

/// Why a file could not be brought in. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Something in the file does not fit into the database.
    #[error("the user.yaml cannot be brought in: {0}")]
    Refused(String),
    /// The file takes away more than half of the grants or users, and nobody said that this is meant.
    #[error("the user.yaml takes away {0}, which is more than half")]
    HeavyLoss(Loss),
    /// The file takes all rights of more users than are allowed to lose them.
    #[error("{} users would lose all rights by the user.yaml, and {most} may", .losers.len())]
    TooManyLosers {
        /// Who would lose all rights, in order.
        losers: Vec<String>,
        /// How many may.
        most: usize,
    },
    /// The database did not do what it was asked.
    #[error("the database refused or could not be reached")]
    Failure(#[source] Failure),
}

impl From<Error> for SyncError {
    fn from(error: Error) -> Self {
        match error {
            Error::Failure(source) => Self::Failure(source),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for SyncError {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}
