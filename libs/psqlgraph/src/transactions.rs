//! The log of submissions: `transaction_logs`, `transaction_snapshots`, `transaction_documents`.

use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

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
    /// What it does.
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
    /// Id.
    pub id: i32,
    /// What it did: see [`Role::as_str`].
    pub role: String,
    /// Program name.
    pub program: String,
    /// Project code.
    pub project: String,
    /// The transaction that committed this dry run.
    pub committed_by: Option<i32>,
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
    /// Node id.
    pub entity_id: String,
    /// `create`, `update`, `delete`.
    pub action: &'static str,
    /// Properties before, as JSON text.
    pub old_props: String,
    /// Properties after, as JSON text.
    pub new_props: String,
}

/// A document as it came in, with the answer it got.
#[derive(Debug, Clone, PartialEq)]
pub struct Document<'a, R: ?Sized = Value> {
    /// Header `X-Document-Name`.
    pub name: Option<&'a str>,
    /// `json`, `tsv`, `csv` or `N/A`.
    pub format: &'a str,
    /// The body.
    pub text: &'a str,
    /// The answer.
    pub response: &'a R,
}

/// Opens a log row in state PENDING and returns its id, which is the transaction's id. For work that is done in the
/// same database transaction; a row that others see before its work is done is opened with [`crate::running::open`].
///
/// # Errors
/// What the database says.
pub async fn open(connection: &mut PgConnection, log: &NewLog<'_>) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(
        "insert into transaction_logs (submitter, role, program, project, is_dry_run, state, closed, canonical_json) \
         values ($1, $2, $3, $4, $5, $6, false, '[]') returning id",
    )
    .bind(log.submitter)
    .bind(log.role.as_str())
    .bind(log.program)
    .bind(log.project)
    .bind(log.is_dry_run)
    .bind(State::Pending.as_str())
    .fetch_one(connection)
    .await
}

/// Ends a log row, and the note that somebody works on it; `canonical` is the list of submitted documents as JSON
/// text, `None` leaves it empty.
///
/// # Errors
/// What the database says.
pub async fn finish(
    connection: &mut PgConnection,
    id: i32,
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
/// What the database says.
pub async fn add_snapshots(
    connection: &mut PgConnection,
    id: i32,
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

/// Writes a document.
///
/// # Errors
/// What the database says.
pub async fn add_document<R: Serialize + Sync + ?Sized>(
    connection: &mut PgConnection,
    id: i32,
    document: &Document<'_, R>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into transaction_documents (transaction_id, name, doc_format, doc, response_json) \
         values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(document.name)
    .bind(document.format)
    .bind(document.text)
    .bind(Json(document.response))
    .execute(connection)
    .await
    .map(|_| ())
}

/// Writes a document whose text was given to [`add_text`] in this database transaction; `document.text` is not used.
///
/// # Errors
/// What the database says.
pub async fn add_large_document<R: Serialize + Sync + ?Sized>(
    connection: &mut PgConnection,
    id: i32,
    document: &Document<'_, R>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with parts as (delete from submitted_text returning part, text) \
         insert into transaction_documents (transaction_id, name, doc_format, doc, response_json) \
         select $1, $2, $3, coalesce(string_agg(text, '' order by part), ''), $4 from parts",
    )
    .bind(id)
    .bind(document.name)
    .bind(document.format)
    .bind(Json(document.response))
    .persistent(false)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Keeps a part of a text that is too large for one statement until [`add_large_document`] puts the parts together. They are
/// numbered upwards.
///
/// # Errors
/// What the database says.
pub async fn add_text(connection: &mut PgConnection, part: i64, text: &str) -> Result<(), sqlx::Error> {
    if part == 0 {
        sqlx::query(
            "create temporary table if not exists submitted_text (part bigint not null, text text not null) \
             on commit drop",
        )
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("insert into submitted_text (part, text) values ($1, $2)")
        .bind(part)
        .bind(text)
        .persistent(false)
        .execute(connection)
        .await
        .map(|_| ())
}

/// Writes the document row of work that has just begun, without text, with its progress in place of an answer. Returns the
/// row's id.
///
/// # Errors
/// What the database says.
pub async fn begin_progress(
    connection: &mut PgConnection,
    id: i32,
    document: &Document<'_>,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(
        "insert into transaction_documents (transaction_id, name, doc_format, doc, response_json) \
         values ($1, $2, $3, $4, $5) returning id",
    )
    .bind(id)
    .bind(document.name)
    .bind(document.format)
    .bind(document.text)
    .bind(Json(document.response))
    .fetch_one(connection)
    .await
}

/// Replaces the progress in the document row `row`.
///
/// # Errors
/// What the database says.
pub async fn set_progress(
    connection: &mut PgConnection,
    id: i32,
    row: i32,
    progress: &Value,
) -> Result<(), sqlx::Error> {
    sqlx::query("update transaction_documents set response_json = $3 where transaction_id = $1 and id = $2")
        .bind(id)
        .bind(row)
        .bind(Json(progress))
        .execute(connection)
        .await
        .map(|_| ())
}

/// Takes the row of [`begin_progress`] away, before the one with the answer is written.
///
/// # Errors
/// What the database says.
pub async fn end_progress(connection: &mut PgConnection, id: i32) -> Result<(), sqlx::Error> {
    sqlx::query("delete from transaction_documents where transaction_id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The log row with this id, locked until the transaction ends.
///
/// # Errors
/// What the database says.
pub async fn lock(connection: &mut PgConnection, id: i32) -> Result<Option<Log>, sqlx::Error> {
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
/// What the database says.
pub async fn canonical(connection: &mut PgConnection, id: i32) -> Result<Value, sqlx::Error> {
    let json: Json<Value> = sqlx::query_scalar("select canonical_json from transaction_logs where id = $1")
        .bind(id)
        .fetch_one(connection)
        .await?;
    Ok(json.0)
}

/// The entities that a transaction's snapshots name, in order.
///
/// # Errors
/// What the database says.
pub async fn snapshot_ids(connection: &mut PgConnection, id: i32) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select entity_id from transaction_snapshots where transaction_id = $1 and entity_id is not null order by id",
    )
    .bind(id)
    .fetch_all(connection)
    .await
}

/// Notes that the dry run `id` was committed by `by`. `false`: it was committed or closed before.
///
/// # Errors
/// What the database says.
pub async fn set_committed_by(connection: &mut PgConnection, id: i32, by: i32) -> Result<bool, sqlx::Error> {
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
/// What the database says.
pub async fn close(connection: &mut PgConnection, id: i32) -> Result<(), sqlx::Error> {
    sqlx::query("update transaction_logs set closed = true where id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
}
