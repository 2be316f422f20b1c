//! Makes new tables while services are running.
//!
//! A foreign key locks the table that it refers to against writers. The locks of several tables, taken one by
//! one between transactions that write to the same tables, end in deadlocks, and the database may choose a
//! writer to fail. So all of them are taken first, in one statement that gives up long before the database
//! looks for deadlocks (`deadlock_timeout`, a second), and is tried again when a long transaction is in the
//! way.

use std::time::Duration;

use sql::Sql;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, sleep};

/// All locks are taken within this time, or none. Writers wait no longer than that.
const LOCK_TIMEOUT: &str = "400ms";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After this long it gives up: a transaction that holds on to a table for longer needs somebody to look at
/// it.
const PATIENCE: Duration = Duration::from_secs(300);
/// Statements in one round trip: few enough that none is slow, for slow ones are logged whole.
pub(crate) const BATCH: usize = 100;

/// Runs `statements` in one transaction when no other one writes to `tables`, which must be sorted.
///
/// # Errors
/// When the database fails; when the locks cannot be had, only after some minutes.
pub(crate) async fn run_when_free(
    connection: &mut PgConnection,
    tables: &[&str],
    statements: Vec<Sql>,
) -> Result<(), sqlx::Error> {
    if statements.is_empty() {
        return Ok(());
    }
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let mut transaction = connection.begin().await?;
        match lock(&mut transaction, tables).await {
            Ok(()) => {
                for batch in statements.chunks(BATCH) {
                    Sql::join(";\n", batch.to_vec()).run_script(&mut transaction).await?;
                }
                return transaction.commit().await;
            }
            Err(error) if is_in_the_way(&error) && begun.elapsed() < PATIENCE => {
                transaction.rollback().await?;
                tracing::debug!(
                    tables = tables.len(),
                    retry_in_ms = pause.as_millis(),
                    "tables are being written to"
                );
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn lock(connection: &mut PgConnection, tables: &[&str]) -> Result<(), sqlx::Error> {
    if !tables.is_empty() {
        set(connection, "statement_timeout", LOCK_TIMEOUT).await?;
        let names = tables.iter().map(|table| Sql::ident(table));
        Sql::raw("lock table ")
            .then(Sql::join(", ", names))
            .text(" in share row exclusive mode")
            .run_script(connection)
            .await?;
        set(connection, "statement_timeout", "0").await?;
    }
    // What else is waited for is not written to by services.
    set(connection, "lock_timeout", "10s").await
}

async fn set(connection: &mut PgConnection, name: &str, value: &str) -> Result<(), sqlx::Error> {
    let statement = sqlx::query("select set_config($1, $2, true)").bind(name).bind(value);
    statement.execute(connection).await.map(drop)
}

/// `query_canceled` (the timeout), `lock_not_available`, `deadlock_detected`.
fn is_in_the_way(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("57014" | "55P03" | "40P01"))
}
