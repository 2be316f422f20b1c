//! Reading other indices as a whole, for joins by the values of fields.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    collector,
    connections::Connections,
    context::Context,
    kept::{Kept, Row},
    outcome::RunError,
    roots::Body,
    unjoined::unjoined,
    values::Misfits,
    windows::{self, Batch},
};
use crate::ir::{Body as IndexBody, Join, JoinWay};

/// The same context, with what the joins of the index at `position` need.
pub(super) async fn with_joins(
    context: &Context,
    position: usize,
    connections: &Arc<Connections>,
) -> Result<Context, RunError> {
    let IndexBody::Aggregator(body) = &context.program.indices[position].body else {
        return Ok(context.clone());
    };
    let mut kept = Vec::new();
    for join in &body.joins {
        kept.push(match &join.way {
            JoinWay::Below { .. } => None,
            JoinWay::Keys(keys) => Some(read(context, join, keys, connections).await?),
        });
    }
    Ok(Context { kept: Arc::new(kept), ..context.clone() })
}

/// Reads the other index as a whole, without what it has from others.
async fn read(
    context: &Context,
    join: &Join,
    keys: &[(String, String)],
    connections: &Arc<Connections>,
) -> Result<Kept, RunError> {
    let mut kept = Kept::new(keys.iter().map(|(here, _)| here.clone()).collect());
    // Of the other index every part needs everything.
    let whole = Context { shard: None, ..context.clone() };
    let there: Vec<&str> = keys.iter().map(|(_, there)| there.as_str()).collect();
    let windows = windows::all(Arc::new(whole), join.index, connections.clone());
    let mut windows = std::pin::pin!(windows);
    while let Some(batch) = windows.try_next().await? {
        let mut connection = connections.take().await;
        let documents = unjoined_window(context, join.index, &mut connection, batch).await?;
        connections.give(connection);
        for document in documents {
            let value = |name: &String| document.get(name).cloned().unwrap_or(Value::Null);
            let row: Row = Arc::new(join.items.iter().map(|item| value(&item.source)).collect());
            kept.add(&document, &there, &row);
        }
    }
    Ok(kept)
}

/// The documents of another index, without what it has from others. What did not fit is told of when that
/// index is made.
async fn unjoined_window(
    context: &Context,
    position: usize,
    connection: &mut PgConnection,
    batch: Batch,
) -> Result<Vec<Body>, RunError> {
    let mut misfits = Misfits::new();
    match (&context.program.indices[position].body, batch) {
        (IndexBody::Aggregator(body), Batch::Roots(roots)) => {
            let roots = unjoined(context, body, connection, roots, &mut misfits).await?;
            Ok(roots.documents.into_iter().flatten().collect())
        }
        (IndexBody::Collector(body), Batch::Leaves(leaves)) => {
            let documents = collector::documents(context, body, connection, leaves, &mut misfits).await?;
            Ok(documents.into_iter().map(|(_, document)| document).collect())
        }
        _ => Ok(Vec::new()),
    }
}
