//! Running a query for somebody.

use std::pin::Pin;

use sqlx::PgConnection;

use super::sink::Sink;
use crate::{
    config::{Budget, Config, Windows},
    error::Error,
    plan::Planner,
};

/// Runs a query for somebody and writes its answer.
pub(crate) struct Executor<'e> {
    pub(super) connection: &'e mut PgConnection,
    pub(super) planner: Planner<'e>,
    /// What is left of it.
    pub(super) budget: Budget,
    pub(super) windows: Windows,
    pub(super) out: Sink,
    pub(super) errors: Vec<String>,
    /// The number of the next cursor.
    pub(super) cursors: usize,
}

/// Work that calls itself.
pub(super) type Later<'f, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'f>>;

impl<'e> Executor<'e> {
    pub(crate) fn new(
        connection: &'e mut PgConnection,
        planner: Planner<'e>,
        config: &Config,
        out: Sink,
    ) -> Self {
        let (budget, windows) = (config.budget, config.windows);
        Self { connection, planner, budget, windows, out, errors: Vec::new(), cursors: 0 }
    }
}

/// Why what stands below a window is not there.
pub(super) enum Halt {
    /// There is more of it than can be held.
    Full,
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Budget {
    /// Takes rows and bytes from what is left.
    pub(super) fn spend(&mut self, rows: usize, bytes: usize) -> Result<(), Error> {
        let refused = |what| {
            Error::Budget(format!(
                "The answer has more {what} than one request may have; use first and offset."
            ))
        };
        self.rows = self.rows.checked_sub(rows).ok_or_else(|| refused("nodes"))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| refused("bytes"))?;
        Ok(())
    }
}
