//! One run at a time for each index.
//!
//! The lock is one of the database's, which every run reads anyway: it ends with the connection, so that a
//! process that is killed holds nothing, and no clock decides whether somebody lives.

use std::time::Duration;

use database::Work;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::Instant;

use super::error::LoadError;

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// What tells these locks from others of the same database: `tube`.
const CLASS: i32 = 0x7475_6265;

/// The right to fill some indices. It ends when it is dropped, and when the process is killed.
pub(super) struct Lock(PgConnection);

impl Lock {
    /// Waits for at most `patience`.
    ///
    /// # Errors
    /// Another run has one of them.
    pub(super) async fn take(
        database: &PgConnectOptions,
        names: &[String],
        patience: Duration,
    ) -> Result<Self, LoadError> {
        let mut connection = database::connect(database, Work::Maintenance).await?;
        let until = Instant::now() + patience;
        let mut names = names.to_vec();
        // Everybody takes them in the same order.
        names.sort_unstable();
        for name in names {
            while !taken(&mut connection, &name).await? {
                if Instant::now() >= until {
                    return Err(LoadError::Busy(name));
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(Self(connection))
    }

    /// Gives it back.
    pub(super) async fn release(mut self) {
        // The server would notice a moment after the connection has ended, and the next run would find it
        // busy. Where it cannot be told, it notices all the same.
        let _ = sqlx::query("select pg_advisory_unlock_all()").execute(&mut self.0).await;
        let _ = self.0.close().await;
    }
}

async fn taken(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
        .bind(CLASS)
        .bind(name)
        .fetch_one(connection)
        .await
}
