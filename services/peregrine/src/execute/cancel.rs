//! When the client of a request has gone, the database is told to stop.
//!
//! The work runs in a task of its own that owns its connection, so that it always ends in order and the
//! connection goes back clean. When nobody waits for the result any more, the task asks the database from
//! another connection to cancel; it still owns the connection then, so nobody else's statement can be hit.

use std::{pin::Pin, time::Duration};

use database::Work;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::{
    mpsc::{self, error::SendError},
    oneshot, watch,
};

use super::{reply::Arriving, sink::Sink, transaction::begin};
use crate::{error::Error, lanes::Turn, plan};

/// After this long the database is asked again: it may just have been between two statements.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Work that borrows a connection.
pub(crate) type Working<'c, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'c>>;

/// Runs `work` in a transaction of its own.
///
/// # Errors
/// Those of `work`, or [`Error::Timeout`] when all of it takes longer than the time of `turn`.
pub(crate) async fn run<T, F>(turn: Turn, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send + 'static,
{
    // Dropping this future drops the sender, which the task notices.
    let (_alive, gone) = oneshot::channel::<()>();
    let (stop, _) = watch::channel(false);
    let task = tokio::spawn(task(turn, work, async { drop(gone.await) }, stop));
    match task.await {
        Ok(result) => result,
        Err(error) => Err(Error::internal("running a query", error)),
    }
}

/// Starts `work`, which writes an answer, in a transaction of its own. At most `hold` bytes of the answer are
/// held back. Whatever goes wrong arrives like the answer.
pub(crate) fn start<F>(turn: Turn, hold: usize, work: F) -> Arriving
where
    F: for<'c> FnOnce(&'c mut PgConnection, Sink) -> Working<'c, ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let (stop, stopped) = watch::channel(false);
    let (sink, watched) = (Sink::new(hold, sender.clone(), stopped), sender.clone());
    let work = writing(sink, work);
    tokio::spawn(async move {
        let gone = async move { watched.closed().await };
        if let Err(error) = task(turn, work, gone, stop).await {
            // It comes back when nobody waits for it.
            if let Err(SendError(Err(untold))) = sender.send(Err(error)).await {
                untold.log_untold();
            }
        }
    });
    Arriving::new(receiver)
}

fn writing<F>(sink: Sink, work: F) -> impl for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, ()> + Send
where
    F: for<'c> FnOnce(&'c mut PgConnection, Sink) -> Working<'c, ()> + Send,
{
    move |connection| work(connection, sink)
}

async fn task<T, F>(
    turn: Turn,
    work: F,
    gone: impl Future<Output = ()> + Send,
    stop: watch::Sender<bool>,
) -> Result<T, Error>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T>,
{
    let (pool, time) = (&turn.pool, turn.time);
    tokio::pin!(gone);
    let (mut transaction, process) = tokio::select! {
        begun = begin(pool, time) => begun?,
        () = &mut gone => return Err(Error::ClientGone),
    };
    let mut working = work(&mut transaction);
    let interrupted = tokio::select! {
        result = &mut working => Ok(result),
        () = &mut gone => Err(Error::ClientGone),
        () = tokio::time::sleep(time) => Err(Error::Timeout(time)),
    };
    let result = match interrupted {
        // The database itself cancelled it, at the limit for a single statement.
        Ok(Err(Error::Cancelled)) => Err(Error::Timeout(time)),
        Ok(result) => result,
        Err(reason) => {
            // It ends at once with an error, and leaves the connection in order.
            let _ = stop.send(true);
            loop {
                cancel(pool, process).await;
                if tokio::time::timeout(ASK_AGAIN, &mut working).await.is_ok() {
                    break;
                }
            }
            Err(reason)
        }
    };
    drop(working);
    // Nothing was written, and an error here has been told already.
    let _ = transaction.rollback().await;
    result
}

/// Asks over a connection of its own, because those of the pool may all be busy.
async fn cancel(pool: &PgPool, process: i32) {
    let cancelled = async {
        let mut connection = database::connect(&pool.connect_options(), Work::Large).await?;
        sqlx::query(plan::CANCEL).bind(process).execute(&mut connection).await?;
        connection.close().await
    };
    if let Err(error) = cancelled.await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "cannot cancel a query; it ends at its time limit");
    }
}
