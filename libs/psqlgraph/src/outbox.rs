//! What is to be written to the file index with a transaction of the graph, noted before it is written there.
//!
//! Graph and index are two databases, and no commit spans both. So each change of the index is noted here
//! first, by [`note`], in a database transaction of its own: it outlives whatever happens next. The graph's
//! transaction takes its notes away by [`close`] just before it commits, so that they are gone exactly when
//! the graph was written. What is still noted when nobody works on the transaction any more was written to
//! the index for nothing, or never written at all, and is taken back: whoever does it reads the notes with
//! [`lock_notes`].
//!
//! A record that one transaction has made, and that may yet be taken back, can be found by another one, which
//! then relies on it. It says so with [`rely`], inside of its own transaction; such a record stays.
//! Transactions that look for records hold [`lock_shared`] until they end, and taking back needs
//! [`lock_alone`], so that nothing is taken back between finding and relying.

use serde_json::Value;
use sqlx::{PgConnection, types::Json};

use crate::{
    running::LOCK_CLASS,
    transactions::{State, TransactionId},
};

/// Key of the advisory lock. The number means nothing.
const LOCK: i64 = 0x6772_6170_6832;
/// Taking back waits this long for those who look for records. They wait behind it meanwhile.
const PATIENCE: &str = "2s";
/// A transaction that waits for the index may wait this long between two statements.
const IDLE: &str = "10min";
/// `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A change of one record of the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The record.
    pub did: String,
    /// What is done to it.
    pub change: Change,
}

/// What is done to a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is made, with this `baseid`, which no other record has.
    Create {
        /// See [`Change::Create`].
        baseid: String,
    },
    /// It is patched.
    Patch {
        /// The patch.
        patch: Value,
        /// The patch that puts the record back.
        undo: Value,
    },
}

/// A noted intent.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// What was to be written.
    pub intent: Intent,
    /// Whether another transaction relies on the record as it is.
    pub is_relied_on: bool,
}

/// Notes `intents` of a transaction on which `worker` works. One statement.
///
/// # Errors
/// When the database fails.
pub async fn note(
    connection: &mut PgConnection,
    transaction: TransactionId,
    worker: i32,
    intents: &[Intent],
) -> Result<(), sqlx::Error> {
    let (mut dids, mut baseids) = (Vec::with_capacity(intents.len()), Vec::with_capacity(intents.len()));
    let (mut patches, mut undos) = (Vec::with_capacity(intents.len()), Vec::with_capacity(intents.len()));
    for intent in intents {
        let (baseid, patch, undo) = match &intent.change {
            Change::Create { baseid } => (Some(baseid.clone()), None, None),
            Change::Patch { patch, undo } => (None, Some(Json(patch.clone())), Some(Json(undo.clone()))),
        };
        dids.push(intent.did.clone());
        baseids.push(baseid);
        patches.push(patch);
        undos.push(undo);
    }
    sqlx::query(
        "insert into transactions_outbox (transaction_id, worker, did, baseid, patch, undo) \
         select $1, $2, d, b, p, u from unnest($3::text[], $4::text[], $5::jsonb[], $6::jsonb[]) \
         as t (d, b, p, u)",
    )
    .bind(transaction)
    .bind(worker)
    .bind(dids)
    .bind(baseids)
    .bind(patches)
    .bind(undos)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Takes the notes of a transaction away, to be followed by the commit; returns how many there were. When
/// there were fewer than were made, somebody has taken the work for given up, and the transaction must not
/// commit.
///
/// # Errors
/// When the database fails.
pub async fn close(connection: &mut PgConnection, transaction: TransactionId) -> Result<u64, sqlx::Error> {
    sqlx::query("delete from transactions_outbox where transaction_id = $1")
        .bind(transaction)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
}

/// Says that `transaction` relies on these records, whoever made them or changed them.
///
/// # Errors
/// When the database fails.
pub async fn rely(
    connection: &mut PgConnection,
    transaction: TransactionId,
    dids: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update transactions_outbox set is_relied_on = true \
         where did = any($1) and transaction_id <> $2 and not is_relied_on",
    )
    .bind(dids)
    .bind(transaction)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Keeps records from being taken back until this database transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_shared(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "select pg_advisory_xact_lock_shared($1), \
         set_config('idle_in_transaction_session_timeout', $2, true)",
    )
    .bind(LOCK)
    .bind(IDLE)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Keeps everybody from relying on records until this database transaction ends. `false`: others were looking
/// for records all the time, and the transaction is to be rolled back.
///
/// # Errors
/// When the database fails.
pub async fn lock_alone(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "select set_config('lock_timeout', $1, true), \
         set_config('idle_in_transaction_session_timeout', $2, true)",
    )
    .bind(PATIENCE)
    .bind(IDLE)
    .execute(&mut *connection)
    .await?;
    let locked = sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(connection).await;
    free(locked.map(|_| ())).map(|free| free.is_some())
}

/// The notes of a transaction, newest first, locked until this database transaction ends. `None`: it has
/// succeeded, is just being committed, or has no notes.
///
/// # Errors
/// When the database fails.
pub async fn lock_notes(
    connection: &mut PgConnection,
    transaction: TransactionId,
) -> Result<Option<Vec<Note>>, sqlx::Error> {
    // A transaction that is just being committed holds both: the row of the log, and those here.
    let state = sqlx::query_scalar("select state from transaction_logs where id = $1 for update")
        .bind(transaction)
        .fetch_optional(&mut *connection)
        .await;
    let Some(state) = free(state)? else { return Ok(None) };
    if state.is_some_and(|state: String| state == State::Succeeded.as_str()) {
        return Ok(None);
    }
    let rows = sqlx::query_as::<_, Row>(
        "select did, baseid, patch, undo, is_relied_on from transactions_outbox where transaction_id = $1 \
         order by id desc for update",
    )
    .bind(transaction)
    .fetch_all(connection)
    .await;
    let notes = free(rows)?.map(|rows| rows.into_iter().filter_map(Row::note).collect::<Vec<_>>());
    Ok(notes.filter(|notes| !notes.is_empty()))
}

/// `None` when a lock could not be had in time.
fn free<T>(result: Result<T, sqlx::Error>) -> Result<Option<T>, sqlx::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            let code = error.as_database_error().and_then(|error| error.code());
            if code.as_deref() == Some(LOCK_NOT_AVAILABLE) { Ok(None) } else { Err(error) }
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    did: String,
    baseid: Option<String>,
    patch: Option<Json<Value>>,
    undo: Option<Json<Value>>,
    is_relied_on: bool,
}

impl Row {
    fn note(self) -> Option<Note> {
        let change = match (self.baseid, self.patch, self.undo) {
            (Some(baseid), ..) => Change::Create { baseid },
            (None, Some(patch), Some(undo)) => Change::Patch { patch: patch.0, undo: undo.0 },
            (None, ..) => return None,
        };
        Some(Note { intent: Intent { did: self.did, change }, is_relied_on: self.is_relied_on })
    }
}

/// The transactions with notes of `worker`, if there is one, and those with notes of workers that have died.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(
    connection: &mut PgConnection,
    worker: Option<i32>,
) -> Result<(Vec<TransactionId>, Vec<TransactionId>), sqlx::Error> {
    let own = sqlx::query_scalar(
        "select distinct transaction_id from transactions_outbox where worker = $1 order by transaction_id",
    )
    .bind(worker)
    .fetch_all(&mut *connection)
    .await?;
    let of_dead = sqlx::query_scalar(
        "with noted as materialized \
             (select distinct transaction_id, worker from transactions_outbox \
              where worker is distinct from $2) \
         select transaction_id from noted where not exists (select from pg_locks l \
             where l.locktype = 'advisory' and l.objsubid = 2 and l.granted \
             and l.database = (select oid from pg_database where datname = current_database()) \
             and l.classid::bigint = $1 and l.objid::bigint = (noted.worker::bigint & 4294967295)) \
         order by transaction_id",
    )
    .bind(i64::from(LOCK_CLASS))
    .bind(worker)
    .fetch_all(connection)
    .await?;
    Ok((own, of_dead))
}
