//! Running a mapping: windows of roots are read and assembled side by side, and written in order.

mod aggregator;
mod blocks;
mod collector;
mod compat;
mod conditions;
mod connections;
mod context;
mod folds;
mod joins;
mod keeping;
mod kept;
mod nested;
mod outcome;
mod projects;
mod roots;
mod rows;
mod unjoined;
mod values;
mod walks;
mod windows;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::{PgConnection, postgres::PgConnectOptions};

pub use self::outcome::{Built, Options, RunError};
use self::{connections::Connections, context::Context, projects::Known, windows::Batch};
use crate::{
    ir::Program,
    sink::{Document, Sink},
};

/// Runs all indices of a program.
///
/// # Errors
/// See [`RunError`].
pub(crate) async fn run(
    program: Arc<Program>,
    database: &PgConnectOptions,
    options: Options,
    sink: &mut dyn Sink,
    mut progress: impl FnMut(&str, u64, u64) + Send,
) -> Result<BTreeMap<String, Built>, RunError> {
    let connections = Arc::new(Connections::open(database, options.connections.max(1)).await?);
    let missing = {
        let mut connection = connections.take().await;
        let missing = missing(&mut connection, &program.tables).await?;
        connections.give(connection);
        missing
    };
    if !missing.is_empty() {
        return Err(RunError::MissingTables(missing));
    }
    let mut connection = connections.take().await;
    let as_of = newest(&mut connection).await?;
    let known = Known::read(&mut connection, &program.projects, options.resources).await?;
    connections.give(connection);
    let context = Context::new(program.clone(), known);
    let mut built = BTreeMap::new();
    for (position, index) in program.indices.iter().enumerate() {
        let context = Arc::new(keeping::with_joins(&context, position, &connections).await?);
        sink.begin(&index.outline, as_of).await.map_err(RunError::Sink)?;
        let name = index.outline.name.clone();
        let told = |done, all| progress(&name, done, all);
        let done = one(context, position, &connections, sink, told).await?;
        sink.finish().await.map_err(RunError::Sink)?;
        built.insert(name, done);
    }
    if let Some(connections) = Arc::into_inner(connections) {
        connections.close().await;
    }
    Ok(built)
}

/// Runs one index.
async fn one(
    context: Arc<Context>,
    position: usize,
    connections: &Arc<Connections>,
    sink: &mut dyn Sink,
    mut progress: impl FnMut(u64, u64) + Send,
) -> Result<Built, RunError> {
    let all = windows::estimate(&context, position, connections).await?;
    let (mut built, mut roots) = (Built::default(), 0);
    let windows = windows::all(context.clone(), position, connections.clone());
    let built_windows = windows.map_ok(|batch: Batch| {
        let (context, connections) = (context.clone(), connections.clone());
        async move {
            let count = batch.len();
            let task = async move {
                let mut connection = connections.take().await;
                let made = windows::build(&context, position, &mut connection, batch).await?;
                connections.give(connection);
                Ok::<_, RunError>(made)
            };
            let (documents, misfits) = tokio::spawn(task).await??;
            Ok((count, documents, misfits))
        }
    });
    let mut built_windows = std::pin::pin!(built_windows.try_buffered(connections.count()).fuse());
    while let Some((count, documents, misfits)) = built_windows.try_next().await? {
        roots += count as u64;
        built.documents += documents.len() as u64;
        for (field, number) in misfits {
            *built.misfits.entry(field).or_default() += number;
        }
        let documents: Vec<Document> = documents;
        sink.write(documents).await.map_err(RunError::Sink)?;
        progress(roots, all.max(roots));
    }
    Ok(built)
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
async fn newest(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
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
