//! Notes which process works on a transaction, so that those of a killed process do not stay PENDING for
//! ever.
//!
//! Each process that works on transactions is a [`Worker`]: it holds an advisory lock under its number on a
//! connection of its own for as long as it lives; the database frees the lock when the connection ends,
//! however the process ends. A log row that is opened with [`open`] is noted with that number in the table
//! `transactions_running`, in the same statement, whether the work begins at once or waits in a queue;
//! [`crate::transactions::finish`] takes the note away, in the same statement too. [`sweep`] looks at notes
//! whose lock nobody holds: their log rows become ERRORED.
//!
//! So replicas never sweep each other's rows, and rows without a note are never touched: those of projects
//! and failed releases, which stay PENDING by contract, and those of the original sheepdog, which may run
//! beside us.
//!
//! A process that lives can give up a transaction, too: the database was restarted, say, and nothing could be
//! written any more. It knows on which ones it still works; [`Worker::noted`] says which ones are noted, and
//! [`Worker::give_up`] ends the others.
//!
//! When a worker's connection breaks while it lives (the database was restarted), it takes the lock again on
//! the next one. A row that another replica has swept in that moment is still finished by its worker, which
//! writes the state it came to.

use database::Work;
use sqlx::{PgConnection, postgres::PgConnectOptions};

use crate::transactions::{self, NewLog, State, TransactionId};

/// First half of the advisory lock's key; the second is the worker's number.
pub(crate) const LOCK_CLASS: i32 = 0x6772_6170;

/// The sign of life of a process. Dropping it, as the end of the process does, ends it.
#[derive(Debug)]
pub struct Worker {
    number: i32,
    connection: PgConnection,
}

impl Worker {
    /// Connects to the database of `options` and takes a number that no other living worker has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        loop {
            let [a, b, c, d, ..] = uuid::Uuid::new_v4().into_bytes();
            if let Some(worker) = Self::resume(options, i32::from_be_bytes([a, b, c, d])).await? {
                return Ok(worker);
            }
        }
    }

    /// Connects to the database of `options` with a number that this process had before. `None`: the lock is
    /// still held, perhaps by the old connection, whose end the server has not noticed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume(options: &PgConnectOptions, number: i32) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = database::connect(options, Work::Large).await?;
        let is_free: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(LOCK_CLASS)
            .bind(number)
            .fetch_one(&mut connection)
            .await?;
        Ok(is_free.then_some(Self { number, connection }))
    }

    /// The number under which its work is noted.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// The transactions that are noted under its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn noted(&mut self) -> Result<Vec<TransactionId>, sqlx::Error> {
        sqlx::query_scalar("select transaction_id from transactions_running where worker = $1")
            .bind(self.number)
            .fetch_all(&mut self.connection)
            .await
    }

    /// Makes the log rows of these of its transactions ERRORED: nobody works on them any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_up(&mut self, ids: &[TransactionId]) -> Result<(), sqlx::Error> {
        let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
        sqlx::query(
            "with gone as (delete from transactions_running \
                 where worker = $1 and transaction_id = any($2) returning transaction_id) \
             update transaction_logs t set state = $3 from gone g \
             where t.id = g.transaction_id and t.state = $4",
        )
        .bind(self.number)
        .bind(ids)
        .bind(State::Errored.as_str())
        .bind(State::Pending.as_str())
        .execute(&mut self.connection)
        .await
        .map(|_| ())
    }

    /// The connection that shows that it lives, for other short work.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Ends what dead workers left behind: see [`sweep`].
    ///
    /// # Errors
    /// When the database fails; the connection, and with it the lock, may be lost then.
    pub async fn sweep(&mut self) -> Result<Vec<TransactionId>, sqlx::Error> {
        sweep(&mut self.connection).await
    }
}

/// Opens a log row in state PENDING, as [`transactions::open`] does, and notes that `worker` works on it. For
/// work whose row is committed before the work is done. One statement.
///
/// # Errors
/// When the database fails.
pub async fn open(
    connection: &mut PgConnection,
    worker: i32,
    log: &NewLog<'_>,
) -> Result<TransactionId, sqlx::Error> {
    transactions::insert(connection, log, Some(worker)).await
}

/// The transactions of workers that have died, which [`sweep`] would end.
///
/// # Errors
/// When the database fails.
pub async fn given_up(connection: &mut PgConnection) -> Result<Vec<TransactionId>, sqlx::Error> {
    sqlx::query_scalar(
        "with noted as materialized (select transaction_id, worker from transactions_running) \
         select t.id from noted join transaction_logs t on t.id = noted.transaction_id and t.state = $2 \
         where not exists (select from pg_locks l \
             where l.locktype = 'advisory' and l.objsubid = 2 and l.granted \
             and l.database = (select oid from pg_database where datname = current_database()) \
             and l.classid::bigint = $1 and l.objid::bigint = (noted.worker::bigint & 4294967295)) \
         order by t.id",
    )
    .bind(i64::from(LOCK_CLASS))
    .bind(State::Pending.as_str())
    .fetch_all(connection)
    .await
}

/// Makes the log rows of workers that have died ERRORED, and returns their ids. Safe to run at any time, from
/// several processes at once.
///
/// # Errors
/// When the database fails.
pub async fn sweep(connection: &mut PgConnection) -> Result<Vec<TransactionId>, sqlx::Error> {
    // A lock's two numbers are shown unsigned. What is locked at all is asked after the notes were read: a
    // worker holds its lock before it notes anything.
    let ids = sqlx::query_scalar(
        "with noted as materialized (select transaction_id, worker from transactions_running), \
         dead as materialized (select transaction_id from noted where not exists (select from pg_locks l \
             where l.locktype = 'advisory' and l.objsubid = 2 and l.granted \
             and l.database = (select oid from pg_database where datname = current_database()) \
             and l.classid::bigint = $1 and l.objid::bigint = (noted.worker::bigint & 4294967295))), \
         gone as (delete from transactions_running r using dead d where r.transaction_id = d.transaction_id \
             returning r.transaction_id) \
         update transaction_logs t set state = $2 from gone g where t.id = g.transaction_id and t.state = $3 \
         returning t.id",
    )
    .bind(i64::from(LOCK_CLASS))
    .bind(State::Errored.as_str())
    .bind(State::Pending.as_str())
    .fetch_all(connection)
    .await?;
    if !ids.is_empty() {
        tracing::warn!(transactions = ids.len(), "transactions whose process has died are marked as errored");
    }
    Ok(ids)
}
