//! Running a mapping: windows of roots are read and assembled side by side, and written in order.

mod again;
mod aggregator;
mod blocks;
mod changes;
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
mod session;
mod touched;
mod unjoined;
mod values;
mod walks;
mod windows;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgConnectOptions;

pub use self::outcome::{Built, Options, RunError, Shard};
pub(crate) use self::{
    again::{Again, ROOTS, Workshop},
    outcome::Part,
    session::{Session, newest},
};
use self::{connections::Connections, context::Context, windows::Batch};
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
    part: &Part,
    sink: &mut dyn Sink,
    mut progress: impl FnMut(&str, u64, u64) + Send,
) -> Result<BTreeMap<String, Built>, RunError> {
    let session = Session::open(&program, database, &options, part).await?;
    let mut built = BTreeMap::new();
    for (position, index) in program.indices.iter().enumerate() {
        let (connections, context) = (&session.connections, &session.context);
        let context = Arc::new(keeping::with_joins(context, position, connections).await?);
        sink.begin(&index.outline, &session.moment).await.map_err(RunError::Sink)?;
        let name = index.outline.name.clone();
        let told = |done, all| progress(&name, done, all);
        let done = one(context, position, connections, sink, told).await?;
        sink.finish().await.map_err(RunError::Sink)?;
        built.insert(name, done);
    }
    sink.end().await.map_err(RunError::Sink)?;
    session.close().await;
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
