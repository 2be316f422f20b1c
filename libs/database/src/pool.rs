//! Pools of connections.

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::session::{Work, limit};

/// A connection that has not been used for this long is tried first.
const RESTED: Duration = Duration::from_millis(500);
/// How long such a trial may take.
const TRIAL: Duration = Duration::from_secs(5);

/// A pool of at most `connections`, which are made when they are needed.
///
/// A connection that has rested is tested before it is used, so that no request fails after a restart of the
/// database. One that was in use a moment ago is not tested, which saves a round trip.
///
/// A connection keeps a buffer as large as the largest statement that it has ever sent, some 10 MB for ten
/// thousand records, and twenty connections keep twenty of them: it is given back with the connection.
///
/// Nobody gets a connection with the transaction of somebody else (`leave`, below).
pub fn pool(options: PgConnectOptions, work: Work, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(work.patience())
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(limit(connection, work)))
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > RESTED {
                    let trial = tokio::time::timeout(TRIAL, connection.ping());
                    trial.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async {
                leave(connection).await?;
                connection.shrink_buffers();
                Ok(true)
            })
        })
        .connect_lazy_with(options.application_name("commons"))
}

/// Ends a transaction that was given up while it began, by a client who went away just then. sqlx counts a
/// transaction when the server has answered to `begin`, and so takes this one for none: the next user of the
/// connection would work in it, without knowing, and lose what it writes or be told that it may only read.
///
/// An empty statement in the place of `begin` has sqlx look whether the server is in a transaction.
async fn leave(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match connection.begin_with("").await {
        Ok(forgotten) => forgotten.rollback().await,
        Err(sqlx::Error::BeginFailed) => Ok(()),
        Err(error) => Err(error),
    }
}
