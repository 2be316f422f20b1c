//! Log rows and snapshots.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

/// The id of a transaction, which is that of its row in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct TransactionId(pub i32);

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// POST of entities.
    Create,
    /// PUT of entities, and of projects.
    Update,
    /// Deletion.
    Delete,
    /// Project state.
    Open,
    /// Project state.
    Review,
    /// Project state.
    Release,
    /// Project state.
    Submit,
}

impl Role {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Open => "open",
            Self::Review => "review",
            Self::Release => "release",
            Self::Submit => "submit",
        }
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet.
    Pending,
    /// Everything was written (or would have been, in a dry run).
    Succeeded,
    /// The submission was refused.
    Failed,
    /// Something of ours went wrong.
    Errored,
}

impl State {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Errored => "ERRORED",
        }
    }
}

/// A log row to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLog<'a> {
    /// User name or client id.
    pub submitter: Option<&'a str>,
    /// What the transaction does.
    pub role: Role,
    /// Program name.
    pub program: &'a str,
    /// Project code.
    pub project: &'a str,
    /// Whether it is rolled back in any case.
    pub is_dry_run: bool,
}

/// A log row as stored, without its documents.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Log {
    /// The transaction.
    pub id: TransactionId,
    /// What it did: see [`Role::as_str`].
    pub role: String,
    /// Program name.
    pub program: String,
    /// Project code.
    pub project: String,
    /// The transaction that committed this dry run.
    pub committed_by: Option<TransactionId>,
    /// Whether it was a dry run.
    pub is_dry_run: bool,
    /// See [`State::as_str`].
    pub state: String,
    /// Whether it may no longer be committed.
    pub closed: bool,
}

/// What a transaction did to one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The id of the node.
    pub entity_id: String,
    /// `create`, `update`, `delete`.
    pub action: &'static str,
    /// Properties before, as JSON text.
    pub old_props: String,
    /// Properties after, as JSON text.
    pub new_props: String,
}

/// Opens a log row in state PENDING. For work that is done in the same database transaction; a row that
/// others see before its work is done is opened with [`crate::running::open`].
///
/// # Errors
/// When the database fails.
pub async fn open(connection: &mut PgConnection, log: &NewLog<'_>) -> Result<TransactionId, sqlx::Error> {
    insert(connection, log, None).await
}

/// Inserts a log row and, with a `worker`, the note that it works on the transaction.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    log: &NewLog<'_>,
    worker: Option<i32>,
) -> Result<TransactionId, sqlx::Error> {
    sqlx::query_scalar(
        "with opened as ( \
             insert into transaction_logs \
                 (submitter, role, program, project, is_dry_run, state, closed, canonical_json) \
             values ($1, $2, $3, $4, $5, $6, false, '[]') returning id \
         ), noted as ( \
             insert into transactions_running (transaction_id, worker) \
             select id, $7 from opened where $7 is not null \
         ) \
         select id from opened",
    )
    .bind(log.submitter)
    .bind(log.role.as_str())
    .bind(log.program)
    .bind(log.project)
    .bind(log.is_dry_run)
    .bind(State::Pending.as_str())
    .bind(worker)
    .fetch_one(connection)
    .await
}

/// Ends a log row, and the note that somebody works on it; `canonical` is the list of submitted documents as
/// JSON text, `None` leaves it empty.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    connection: &mut PgConnection,
    id: TransactionId,
    state: State,
    canonical: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with done as (delete from transactions_running where transaction_id = $1) \
         update transaction_logs set state = $2, canonical_json = coalesce($3::text::jsonb, canonical_json) \
         where id = $1",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(canonical)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Writes snapshots. One statement.
///
/// # Errors
/// When the database fails.
pub async fn add_snapshots(
    connection: &mut PgConnection,
    id: TransactionId,
    snapshots: Vec<Snapshot>,
) -> Result<(), sqlx::Error> {
    if snapshots.is_empty() {
        return Ok(());
    }
    let count = snapshots.len();
    let (mut ids, mut actions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut old, mut new) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for snapshot in snapshots {
        ids.push(snapshot.entity_id);
        actions.push(snapshot.action);
        old.push(snapshot.old_props);
        new.push(snapshot.new_props);
    }
    sqlx::query(
        "insert into transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) \
         select e, $1, a, o::jsonb, n::jsonb from unnest($2::text[], $3::text[], $4::text[], $5::text[]) \
         as t (e, a, o, n)",
    )
    .bind(id)
    .bind(ids)
    .bind(actions)
    .bind(old)
    .bind(new)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The log row with this id, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(connection: &mut PgConnection, id: TransactionId) -> Result<Option<Log>, sqlx::Error> {
    sqlx::query_as(
        "select id, role, program, project, committed_by, is_dry_run, state, closed from transaction_logs \
         where id = $1 for update",
    )
    .bind(id)
    .fetch_optional(connection)
    .await
}

/// The documents of a transaction, as submitted.
///
/// # Errors
/// When the database fails.
pub async fn canonical(connection: &mut PgConnection, id: TransactionId) -> Result<Value, sqlx::Error> {
    let json: Json<Value> = sqlx::query_scalar("select canonical_json from transaction_logs where id = $1")
        .bind(id)
        .fetch_one(connection)
        .await?;
    Ok(json.0)
}

/// The entities that a transaction's snapshots name, in order.
///
/// # Errors
/// When the database fails.
pub async fn snapshot_ids(
    connection: &mut PgConnection,
    id: TransactionId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select entity_id from transaction_snapshots where transaction_id = $1 and entity_id is not null \
         order by id",
    )
    .bind(id)
    .fetch_all(connection)
    .await
}

/// Notes that the dry run `id` was committed by `by`. `false`: it was committed or closed before.
///
/// # Errors
/// When the database fails.
pub async fn set_committed_by(
    connection: &mut PgConnection,
    id: TransactionId,
    by: TransactionId,
) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "update transaction_logs set committed_by = $2 where id = $1 and committed_by is null and not closed",
    )
    .bind(id)
    .bind(by)
    .execute(connection)
    .await
    .map(|done| done.rows_affected() == 1)
}

/// Closes the dry run `id`.
///
/// # Errors
/// When the database fails.
pub async fn close(connection: &mut PgConnection, id: TransactionId) -> Result<(), sqlx::Error> {
    sqlx::query("update transaction_logs set closed = true where id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
}
