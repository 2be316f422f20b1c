//! Notices that a server is away, and that it is back.
//!
//! A pool takes a refused connection for a server that is starting, and tries again until its caller's time
//! is over. That is right for a moment and wrong for an outage, in which every request would wait as long as
//! it may. So one connection looks all the time whether the server answers. While it does not, the pools are
//! told to connect to nowhere, which fails at once.
//!
//! What runs over connections that still work is not disturbed by that. A server that says nothing at all
//! any more, not even that it refuses, has vanished without a word; then nothing works, and all connections
//! to it are ended (`hangup.rs`), so that whoever waits for an answer gets an error.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    hangup::Peer,
    session::{Work, limit},
};

/// How often it looks whether the server still answers.
const LOOK: Duration = Duration::from_secs(1);
/// A server that is busy may take this long. One that has said nothing for this long has vanished.
const PATIENCE: Duration = Duration::from_secs(10);
/// A new connection may take this long.
const CONNECT: Duration = Duration::from_secs(5);
/// How often it looks whether the server is back.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A folder that does not exist, in the place of the folder of the server's socket.
const NOWHERE: &str = "/the-database-is-away";

/// Tells whether a server is away.
#[derive(Debug, Clone)]
pub struct Lookout(watch::Receiver<bool>);

impl Lookout {
    /// Returns once the server is known to be away: pools that need a new connection fail at once from then
    /// on.
    pub async fn away(&mut self) {
        self.until(true).await;
    }

    /// Returns once the server is known to be there: pools connect to it again.
    pub async fn there(&mut self) {
        self.until(false).await;
    }

    async fn until(&mut self, away: bool) {
        if self.0.wait_for(|now| *now == away).await.is_err() {
            // Nobody looks any more.
            std::future::pending().await
        }
    }
}

/// Looks after `pools`, all of one server, over a connection to the database of the first, until that one is
/// closed. Needs a runtime.
pub fn look_after(pools: Vec<PgPool>) -> Lookout {
    let (tell, told) = watch::channel(false);
    let Some(first) = pools.first() else { return Lookout(told) };
    let (first, closed) = (first.connect_options(), first.close_event());
    let options = pools.iter().map(PgPool::connect_options).collect();
    let looking = Looking { pools, options, away: None, tell, heard: Instant::now(), peer: Arc::default() };
    tokio::spawn(async move {
        let mut closed = closed;
        // An error says that the pool was closed.
        let _ = closed.do_until(looking.look(&first)).await;
    });
    Lookout(told)
}

struct Looking {
    pools: Vec<PgPool>,
    options: Vec<Arc<PgConnectOptions>>,
    /// Since when the server has been away.
    away: Option<Instant>,
    tell: watch::Sender<bool>,
    /// When the server, or its machine, has last said something.
    heard: Instant,
    peer: Arc<Peer>,
}

impl Looking {
    async fn look(mut self, options: &PgConnectOptions) {
        loop {
            match self.reach(options).await {
                Ok(connection) => {
                    self.find();
                    self.stay(connection).await;
                }
                // It is there, and has its reasons: no connection is free, the password is wrong.
                Err(error) if has_answered(&error) => {
                    self.find();
                    sleep(LOOK).await;
                }
                Err(error) => {
                    self.lose(&error);
                    sleep(LOOK_AGAIN).await;
                }
            }
            if self.heard.elapsed() >= PATIENCE {
                // First, so that nobody makes new connections for those that end.
                self.lose(&silence());
                self.hang_up().await;
            }
        }
    }

    async fn reach(&mut self, options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
        let connecting = async {
            Arc::make_mut(&mut self.peer).learn(options).await;
            let mut connection = PgConnection::connect_with(options).await?;
            limit(&mut connection, Work::Small).await?;
            Ok(connection)
        };
        match timeout(CONNECT, connecting).await {
            Ok(answer) => {
                self.hear(&answer);
                answer
            }
            Err(_) => Err(silence()),
        }
    }

    fn hear<T>(&mut self, answer: &Result<T, sqlx::Error>) {
        if answer.as_ref().err().is_none_or(has_said_something) {
            self.heard = Instant::now();
        }
    }

    /// Returns when the connection is broken, or the server has not answered for a while.
    async fn stay(&mut self, mut connection: PgConnection) {
        loop {
            sleep(LOOK).await;
            // Nobody has asked it meanwhile.
            self.heard = Instant::now();
            let Ok(answer) = timeout(PATIENCE, connection.ping()).await else { return };
            self.hear(&answer);
            if answer.is_err() {
                return;
            }
        }
    }

    fn lose(&mut self, error: &sqlx::Error) {
        if self.away.is_some() {
            return;
        }
        self.away = Some(Instant::now());
        for (pool, options) in self.pools.iter().zip(&self.options) {
            pool.set_connect_options(PgConnectOptions::clone(options).socket(NOWHERE));
        }
        self.tell.send_replace(true);
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
        self.tell.send_replace(false);
        tracing::info!(duration_ms = since.elapsed().as_millis(), "the database answers again");
    }

    async fn hang_up(&self) {
        let peer = self.peer.clone();
        let ended = tokio::task::spawn_blocking(move || peer.hang_up()).await.unwrap_or_default();
        if ended > 0 {
            let silent_ms = self.heard.elapsed().as_millis();
            tracing::error!(
                connections = ended,
                silent_ms,
                "the database has vanished without a word, so its connections were ended"
            );
        }
    }
}

fn silence() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Whether the server has said this, and is neither starting nor stopping (class 57, operator intervention).
fn has_answered(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| !code.starts_with("57P"))
}

/// Whether this comes from the server or from the machine that it is on, which then knows of no connections
/// that it does not have. A name without an address and a network without a way come from elsewhere.
fn has_said_something(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, NotFound, PermissionDenied,
        UnexpectedEof,
    };
    match error {
        sqlx::Error::Io(error) => matches!(
            error.kind(),
            BrokenPipe
                | ConnectionAborted
                | ConnectionRefused
                | ConnectionReset
                | NotFound
                | PermissionDenied
                | UnexpectedEof
        ),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_machine_that_refuses_is_there_and_a_network_without_a_way_says_nothing_about_it() {
        let of = |kind: ErrorKind| has_said_something(&sqlx::Error::Io(kind.into()));
        assert!(of(ErrorKind::ConnectionRefused) && of(ErrorKind::UnexpectedEof));
        assert!(!of(ErrorKind::HostUnreachable) && !of(ErrorKind::NetworkUnreachable));
        // What a name that cannot be looked up gives.
        assert!(!has_said_something(&sqlx::Error::Io(Error::other("failed to lookup address"))));
    }
}
