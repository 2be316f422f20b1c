//! What all work on the graph begins with: connections that see one moment, and what is known of projects.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::PgConnectOptions};

use super::{
    connections::Connections,
    context::Context,
    outcome::{Options, Part, RunError},
    projects::Known,
};
use crate::{
    ir::Program,
    sink::{Mark, Moment},
};

/// Connections that see one moment of the graph, and what is known of it.
pub(crate) struct Session {
    pub(super) connections: Arc<Connections>,
    pub(super) context: Context,
    pub(crate) moment: Moment,
}

impl Session {
    /// # Errors
    /// The database fails, or lacks tables.
    pub(crate) async fn open(
        program: &Arc<Program>,
        database: &PgConnectOptions,
        options: &Options,
        part: &Part,
    ) -> Result<Self, RunError> {
        let (connections, identity) =
            Connections::open(database, options.connections.max(1), part.snapshot.as_deref()).await?;
        let mut connection = connections.take().await;
        let missing = missing(&mut connection, &program.tables).await?;
        if !missing.is_empty() {
            return Err(RunError::MissingTables(missing));
        }
        let as_of = newest(&mut connection).await?;
        let transaction = sqlx::query_scalar("select txid_snapshot_xmin(txid_current_snapshot())")
            .fetch_one(&mut connection)
            .await?;
        let known = Known::read(&mut connection, &program.projects, options.resources.clone()).await?;
        connections.give(connection);
        let context = Context::new(program.clone(), known, part.shard);
        let moment = Moment { as_of, mark: Mark { database: identity, transaction } };
        Ok(Self { connections: Arc::new(connections), context, moment })
    }

    /// The name by which other processes may see the same moment while this is open.
    pub(crate) fn snapshot(&self) -> &str {
        self.connections.snapshot()
    }

    pub(crate) async fn close(self) {
        if let Some(connections) = Arc::into_inner(self.connections) {
            connections.close().await;
        }
    }
}

/// Tables that cannot be read.
async fn missing(connection: &mut PgConnection, tables: &[String]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select name from unnest($1::text[]) as wanted (name) \
         where to_regclass(quote_ident(name)) is null \
         or not has_table_privilege(to_regclass(quote_ident(name)), 'select') order by name",
    )
    .bind(tables)
    .fetch_all(connection)
    .await
}

/// When the newest submission was made.
pub(crate) async fn newest(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let is_there: bool = sqlx::query_scalar("select to_regclass('transaction_logs') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(None);
    }
    sqlx::query_scalar("select max(created_datetime) from transaction_logs where state = 'SUCCEEDED'")
        .fetch_one(connection)
        .await
}
