//! Writing records down.

use async_trait::async_trait;
use auditlog::{AuditError, AuditLog, Event};

use crate::{error::Error, input, service::Audit, store::insert};

impl Audit {
    /// Writes `events` down, all or none.
    pub(crate) async fn write(&self, events: &[Event]) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        insert::insert(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// For fence in the same process.
#[async_trait]
impl AuditLog for Audit {
    async fn record(&self, events: &[Event]) -> Result<(), AuditError> {
        let checked = events.iter().try_for_each(input::check);
        let written = match checked {
            Ok(()) => self.write(events).await,
            Err(error) => Err(error),
        };
        written.map_err(|error| match error {
            Error::Failed(failure) => AuditError::Unavailable(failure.into()),
            refused => AuditError::Refused(refused.to_string()),
        })
    }
}
