//! Locks among all processes on one database.

use sqlx::PgConnection;

/// What only one process may do at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    /// Making tables: two starts at once must not both create them.
    Migration,
    /// Bringing in a user.yaml: two files must not mix.
    Sync,
}

impl Lock {
    fn number(self) -> i64 {
        match self {
            Self::Migration => 0x6172_626f_7269_7374,
            Self::Sync => 0x7573_6572_7379_6e63,
        }
    }
}

/// Waits for `lock` and holds it to the end of the transaction.
pub(crate) async fn wait_for(transaction: &mut PgConnection, lock: Lock) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(lock.number()).execute(transaction).await?;
    Ok(())
}
