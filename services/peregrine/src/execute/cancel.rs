//! A request whose client has gone is cancelled in the database too.
//!
//! The work runs in a task of its own that owns its connection, so that it always ends in order and the connection
//! goes back clean. When the request's future is dropped, the task asks the database from another connection to
//! cancel; it still owns the connection then, so nobody else's statement can be hit.

use std::{future::Future, pin::Pin, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::oneshot;

use crate::error::Error;

/// Work that borrows a connection.
pub(crate) type Working<'c, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'c>>;

/// Runs `work` in a transaction of its own.
///
/// # Errors
/// What `work` says, or [`Error::Timeout`] when all of it takes longer than `time`.
pub(crate) async fn run<T, F>(pool: &PgPool, time: Duration, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send + 'static,
{
    // Dropping this future drops the sender, which the task notices.
    let (_alive, gone) = oneshot::channel::<()>();
    let task = tokio::spawn(task(pool.clone(), time, work, gone));
    match task.await {
        // The database's own limit, for a single statement.
        Ok(Err(Error::Timeout(_))) => Err(Error::Timeout(time)),
        Ok(result) => result,
        Err(error) => Err(Error::internal("a query ended unexpectedly", error)),
    }
}

async fn task<T, F>(pool: PgPool, time: Duration, work: F, gone: oneshot::Receiver<()>) -> Result<T, Error>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send + 'static,
{
    let (mut transaction, process) = super::begin(&pool, time).await?;
    let mut working = work(&mut transaction);
    let interrupted = tokio::select! {
        result = &mut working => Ok(result),
        _ = gone => Err(Error::ClientGone),
        () = tokio::time::sleep(time) => Err(Error::Timeout(time)),
    };
    let result = match interrupted {
        Ok(result) => result,
        Err(reason) => {
            cancel(&pool, process).await;
            // Ends at once with an error, and leaves the connection in order.
            drop((&mut working).await);
            Err(reason)
        }
    };
    drop(working);
    // Nothing was written; an error here has already been told.
    let _ = transaction.rollback().await;
    result
}

/// Asks over a connection of its own: those of the pool may all be busy.
async fn cancel(pool: &PgPool, process: i32) {
    let cancelled = async {
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
        sqlx::query("select pg_cancel_backend($1)").bind(process).execute(&mut connection).await?;
        connection.close().await
    };
    if let Err(error) = cancelled.await {
        tracing::warn!(error = %error, "cannot cancel a query; it ends at its time limit");
    }
}
