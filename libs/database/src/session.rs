//! The limits of a session.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

/// What a connection is used for, which decides how long its statements may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Requests whose statements are small: users, rights, the file index.
    Small,
    /// Requests that may read or write a whole graph: submissions, exports, queries, which have limits of
    /// their own. A statement may take as long as it wants.
    Large,
    /// Migrations and commands of an operator: they also wait for locks as long as it takes.
    Maintenance,
}

/// Who waits for a lock is told to come again after this time.
const LOCK: &str = "30s";
/// A transaction in which nothing happens ends after this time: its client has vanished, or is stuck.
const IDLE_IN_TRANSACTION: &str = "60s";
/// As [`IDLE_IN_TRANSACTION`], where a program computes between its statements.
const IDLE_IN_MAINTENANCE: &str = "10min";
/// A small statement that takes longer has gone wrong.
const SMALL_STATEMENT: &str = "5min";
/// A peer that has not answered for a minute is gone: 30 s of silence, then three questions. PostgreSQL
/// would otherwise ask after two hours, as the system does.
const PEER: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60s"),
];
/// A request waits this long for a free connection.
const REQUEST: Duration = Duration::from_secs(15);
/// A migration waits this long: on a machine that is busy with other things, as it may be while everything
/// starts, a late start is better than none.
const MAINTENANCE: Duration = Duration::from_secs(90);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(10);

impl Work {
    /// How long to wait for a connection of a pool.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Small | Self::Large => REQUEST,
            Self::Maintenance => MAINTENANCE,
        }
    }

    fn settings(self) -> Vec<(&'static str, &'static str)> {
        let limits: &[_] = match self {
            Self::Small => &[
                ("lock_timeout", LOCK),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                ("statement_timeout", SMALL_STATEMENT),
            ],
            Self::Large => {
                &[("lock_timeout", LOCK), ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]
            }
            Self::Maintenance => &[("idle_in_transaction_session_timeout", IDLE_IN_MAINTENANCE)],
        };
        [limits, &PEER].concat()
    }
}

/// A connection of one's own, outside of any pool.
///
/// # Errors
/// When the server cannot be reached within ten seconds ([`sqlx::Error::PoolTimedOut`]) or refuses us.
pub async fn connect(options: &PgConnectOptions, work: Work) -> Result<PgConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = PgConnection::connect_with(options).await?;
        limit(&mut connection, work).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Sets the limits of `work`. What an operator has set for the role, the database or the connection holds,
/// and what the server does not know is left out: `tcp_user_timeout` came with version 12.
///
/// A statement and no startup parameters, because connection poolers refuse those that they do not know.
pub(crate) async fn limit(connection: &mut PgConnection, work: Work) -> Result<(), sqlx::Error> {
    let (names, values): (Vec<&str>, Vec<&str>) = work.settings().into_iter().unzip();
    sqlx::query(
        "select count(set_config(w.name, w.value, false)) \
         from unnest($1::text[], $2::text[]) as w(name, value) \
         join pg_settings s on s.name = w.name \
         where s.source in \
             ('default', 'environment variable', 'configuration file', 'command line', 'global')",
    )
    .bind(names)
    .bind(values)
    .persistent(false)
    .execute(connection)
    .await
    .map(drop)
}
