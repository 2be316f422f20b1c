//! Notices that a server is away, and that it is back.
//!
//! A pool takes a refused connection for a server that is starting, and tries again until its caller's time
//! is over. That is right for a moment and wrong for an outage, in which every request would wait as long as
//! it may. So one connection looks all the time whether the server answers. While it does not, the pools are
//! told to connect to nowhere, which fails at once; what runs over connections that still work is not
//! disturbed.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::session::{Work, limit};

/// How often it looks whether the server still answers.
const LOOK: Duration = Duration::from_secs(1);
/// A server that is busy may take this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A new connection may take this long.
const CONNECT: Duration = Duration::from_secs(5);
/// How often it looks whether the server is back.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A folder that does not exist, in the place of the folder of the server's socket.
const NOWHERE: &str = "/the-database-is-away";

/// Looks after `pools`, all of one server, over a connection to the database of the first, until that one is
/// closed. Needs a runtime.
pub fn look_after(pools: Vec<PgPool>) {
    let Some(first) = pools.first() else { return };
    let (first, closed) = (first.connect_options(), first.close_event());
    let options = pools.iter().map(PgPool::connect_options).collect();
    let pools = Pools { pools, options, away: None };
    tokio::spawn(async move {
        let mut closed = closed;
        // An error says that the pool was closed.
        let _ = closed.do_until(look(pools, &first)).await;
    });
}

struct Pools {
    pools: Vec<PgPool>,
    options: Vec<Arc<PgConnectOptions>>,
    /// Since when the server has been away.
    away: Option<Instant>,
}

impl Pools {
    fn lose(&mut self, error: &sqlx::Error) {
        if self.away.is_some() {
            return;
        }
        self.away = Some(Instant::now());
        for (pool, options) in self.pools.iter().zip(&self.options) {
            pool.set_connect_options(PgConnectOptions::clone(options).socket(NOWHERE));
        }
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "the database does not answer, so requests are refused until it does");
    }

    fn find(&mut self) {
        let Some(since) = self.away.take() else { return };
        for (pool, options) in self.pools.iter().zip(&self.options) {
            pool.set_connect_options(PgConnectOptions::clone(options));
            // A connection for the first who asks: a probe has too little time to wait for one to be
            // made, and what it began would be lost with it.
            let pool = pool.clone();
            tokio::spawn(async move { drop(pool.acquire().await) });
        }
        tracing::info!(duration_ms = since.elapsed().as_millis(), "the database answers again");
    }
}

async fn look(mut pools: Pools, options: &PgConnectOptions) {
    loop {
        match reach(options).await {
            Ok(connection) => {
                pools.find();
                stay(connection).await;
            }
            // It is there, and has its reasons: no connection is free, the password is wrong.
            Err(error) if has_answered(&error) => {
                pools.find();
                sleep(LOOK).await;
            }
            Err(error) => {
                pools.lose(&error);
                sleep(LOOK_AGAIN).await;
            }
        }
    }
}

async fn reach(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = PgConnection::connect_with(options).await?;
        limit(&mut connection, Work::Small).await?;
        Ok(connection)
    };
    timeout(CONNECT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Returns when the connection is broken, or the server has not answered for a while.
async fn stay(mut connection: PgConnection) {
    loop {
        sleep(LOOK).await;
        if !matches!(timeout(PATIENCE, connection.ping()).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// Whether the server has said this, and is neither starting nor stopping (class 57, operator intervention).
fn has_answered(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| !code.starts_with("57P"))
}
