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
/// The cluster, and the database in it.
const IDENTITY: &str = "select (select system_identifier from pg_control_system())::text || '/' || oid \
    from pg_database where datname = current_database()";
/// The same, for whom the cluster does not tell its name.
const IDENTITY_BY_NAME: &str =
    "select datname || '/' || oid from pg_database where datname = current_database()";

/// Some connections, each in a transaction over the same snapshot.
pub(super) struct Connections {
    free: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
    count: usize,
    snapshot: String,
}

impl Connections {
    /// Opens `count` connections over `snapshot`, or over one of now, and tells which database it is.
    pub(super) async fn open(
        options: &PgConnectOptions,
        count: usize,
        snapshot: Option<&str>,
    ) -> Result<(Self, String), sqlx::Error> {
        let mut first = database::connect(options, Work::Maintenance).await?;
        let identity = identity(&mut first).await?;
        sqlx::query(BEGIN).execute(&mut first).await?;
        let snapshot = match snapshot {
            Some(snapshot) => {
                see(&mut first, snapshot).await?;
                snapshot.to_owned()
            }
            None => sqlx::query_scalar("select pg_export_snapshot()").fetch_one(&mut first).await?,
        };
        let mut all = vec![first];
        while all.len() < count {
            let mut next = database::connect(options, Work::Maintenance).await?;
            sqlx::query(BEGIN).execute(&mut next).await?;
            see(&mut next, &snapshot).await?;
            all.push(next);
        }
        for connection in &mut all {
            sqlx::query(SETTINGS).execute(connection).await?;
        }
        Ok((Self { free: Mutex::new(all), permits: Semaphore::new(count), count, snapshot }, identity))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The name of the moment, for others.
    pub(super) fn snapshot(&self) -> &str {
        &self.snapshot
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

async fn see(connection: &mut PgConnection, snapshot: &str) -> Result<(), sqlx::Error> {
    Sql::raw("set transaction snapshot ").literal(snapshot).run_script(connection).await.map(drop)
}

async fn identity(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    match sqlx::query_scalar(IDENTITY).fetch_one(&mut *connection).await {
        Ok(identity) => Ok(identity),
        Err(sqlx::Error::Database(_)) => sqlx::query_scalar(IDENTITY_BY_NAME).fetch_one(connection).await,
        Err(other) => Err(other),
    }
}
