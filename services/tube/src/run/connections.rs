//! Connections that all see the graph of the same moment.

use std::sync::{Mutex, PoisonError};

use database::Work;
use sql::Sql;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::Semaphore;

/// Begins a transaction that sees one moment.
const BEGIN: &str = "begin isolation level repeatable read read only";
/// Statements that come again are planned for the number of roots all the same.
const SETTINGS: &str = "select set_config('plan_cache_mode', 'force_custom_plan', true), \
    set_config('timezone', 'UTC', true)";

/// Some connections, each in a transaction over the same snapshot.
pub(super) struct Connections {
    free: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
    count: usize,
}

impl Connections {
    pub(super) async fn open(options: &PgConnectOptions, count: usize) -> Result<Self, sqlx::Error> {
        let mut first = begun(options).await?;
        let snapshot: String =
            sqlx::query_scalar("select pg_export_snapshot()").fetch_one(&mut first).await?;
        let mut all = vec![first];
        while all.len() < count {
            let mut next = begun(options).await?;
            Sql::raw("set transaction snapshot ").literal(&snapshot).run_script(&mut next).await?;
            all.push(next);
        }
        for connection in &mut all {
            sqlx::query(SETTINGS).execute(connection).await?;
        }
        Ok(Self { free: Mutex::new(all), permits: Semaphore::new(count), count })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A connection, once one is free. Whoever fails with it keeps it, and the run ends.
    pub(super) async fn take(&self) -> PgConnection {
        let permit = self.permits.acquire().await.expect("invariant: the semaphore is never closed");
        permit.forget();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().expect("invariant: there is a connection for each permit")
    }

    pub(super) fn give(&self, connection: PgConnection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        self.permits.add_permits(1);
    }

    pub(super) async fn close(self) {
        for connection in self.free.into_inner().unwrap_or_else(PoisonError::into_inner) {
            // Nothing was written, and the server notices either way.
            let _ = connection.close().await;
        }
    }
}

async fn begun(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = database::connect(options, Work::Maintenance).await?;
    sqlx::query(BEGIN).execute(&mut connection).await?;
    Ok(connection)
}
