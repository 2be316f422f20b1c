//! Windows: roots whose documents are made together.

use std::sync::Arc;

use futures_util::{Stream, stream};
use serde_json::Value;
use sqlx::{PgConnection, Row as _};

use super::{
    aggregator, collector,
    connections::Connections,
    context::Context,
    outcome::RunError,
    rows::{read, width},
    values::Misfits,
};
use crate::{
    ir::Body,
    plan::{self, Chosen},
    sink::Document,
};

/// How many roots a window has.
pub(super) const ROOTS: i64 = 500;

/// The roots of a window, in the order of their ids.
pub(super) enum Batch {
    /// Ids, and the properties that their fields are read from.
    Roots(Vec<(String, Vec<Value>)>),
    /// Positions of types among the leaves, and ids.
    Leaves(Vec<(usize, String)>),
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Roots(roots) => roots.len(),
            Self::Leaves(leaves) => leaves.len(),
        }
    }

    fn last(&self) -> Option<String> {
        match self {
            Self::Roots(roots) => roots.last().map(|(id, _)| id.clone()),
            Self::Leaves(leaves) => leaves.last().map(|(_, id)| id.clone()),
        }
    }
}

/// All windows of an index. Each is read when the one before has been taken.
pub(super) fn all(
    context: Arc<Context>,
    position: usize,
    connections: Arc<Connections>,
) -> impl Stream<Item = Result<Batch, RunError>> {
    stream::try_unfold(Some(None::<String>), move |after| {
        let (context, connections) = (context.clone(), connections.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let mut connection = connections.take().await;
            let batch = next(&context, position, &mut connection, after.as_deref()).await?;
            connections.give(connection);
            let is_full = i64::try_from(batch.len()).is_ok_and(|roots| roots == ROOTS);
            let Some(last) = batch.last() else { return Ok(None) };
            Ok(Some((batch, is_full.then_some(Some(last)))))
        }
    })
}

async fn next(
    context: &Context,
    position: usize,
    connection: &mut PgConnection,
    after: Option<&str>,
) -> Result<Batch, sqlx::Error> {
    let chosen = Chosen { after, shard: context.shard.map(|shard| (shard.number, shard.of)), only: None };
    read_batch(context, position, connection, &chosen).await
}

/// The roots of these that are there.
pub(super) async fn of_ids(
    context: &Context,
    position: usize,
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<Batch, sqlx::Error> {
    let chosen = Chosen { after: None, shard: None, only: Some(ids) };
    read_batch(context, position, connection, &chosen).await
}

async fn read_batch(
    context: &Context,
    position: usize,
    connection: &mut PgConnection,
    chosen: &Chosen<'_>,
) -> Result<Batch, sqlx::Error> {
    match &context.program.indices[position].body {
        Body::Aggregator(body) => {
            let width = width(&body.columns);
            let rows =
                plan::window(&body.table, &body.columns, chosen, ROOTS).query().fetch_all(connection).await?;
            let root = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, read(row, 1, width)?));
            Ok(Batch::Roots(rows.iter().map(root).collect::<Result<_, sqlx::Error>>()?))
        }
        Body::Collector(body) if body.leaves.is_empty() => Ok(Batch::Leaves(Vec::new())),
        Body::Collector(body) => {
            let rows = plan::leaves(&body.leaves, chosen, ROOTS).query().fetch_all(connection).await?;
            let leaf = |row: &sqlx::postgres::PgRow| {
                let position: i32 = row.try_get(0)?;
                Ok((usize::try_from(position).unwrap_or_default(), row.try_get(1)?))
            };
            Ok(Batch::Leaves(rows.iter().map(leaf).collect::<Result<_, sqlx::Error>>()?))
        }
    }
}

/// The documents of a window, and the values that did not fit.
pub(super) async fn build(
    context: &Context,
    position: usize,
    connection: &mut PgConnection,
    batch: Batch,
) -> Result<(Vec<Document>, Misfits), RunError> {
    let mut misfits = Misfits::new();
    let documents = match (&context.program.indices[position].body, batch) {
        (Body::Aggregator(body), Batch::Roots(roots)) => {
            aggregator::documents(context, body, connection, roots, &mut misfits).await?
        }
        (Body::Collector(body), Batch::Leaves(leaves)) => {
            collector::documents(context, body, connection, leaves, &mut misfits).await?
        }
        _ => Vec::new(),
    };
    let mut written = Vec::with_capacity(documents.len());
    for (id, document) in documents {
        written.push(Document { id, body: Value::Object(document).to_string() });
    }
    Ok((written, misfits))
}

/// About how many roots there are, by the last analysis of the tables or by what was written since.
pub(super) async fn estimate(
    context: &Context,
    position: usize,
    connections: &Connections,
) -> Result<u64, RunError> {
    let tables: Vec<&str> = match &context.program.indices[position].body {
        Body::Aggregator(body) => vec![&body.table],
        Body::Collector(body) => body.leaves.iter().map(|leaf| leaf.table.as_str()).collect(),
    };
    let mut connection = connections.take().await;
    let all: i64 = sqlx::query_scalar(
        "select coalesce(sum(greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid), 0)), 0)::bigint \
         from pg_class c where c.relname = any($1) and c.relnamespace = current_schema()::regnamespace",
    )
    .bind(tables)
    .fetch_one(&mut connection)
    .await?;
    connections.give(connection);
    Ok(u64::try_from(all).unwrap_or_default())
}
