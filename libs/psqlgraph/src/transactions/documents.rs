//! The documents of transactions: what came in, with the answer it got, or with the progress of the work.

use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, types::Json};

use super::log::TransactionId;

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

/// Writes a document.
///
/// # Errors
/// When the database fails.
pub async fn add_document<R: Serialize + Sync + ?Sized>(
    connection: &mut PgConnection,
    id: TransactionId,
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

/// Writes a document whose text was given to [`add_text`] in this database transaction; `document.text` is
/// not used.
///
/// # Errors
/// When the database fails.
pub async fn add_large_document<R: Serialize + Sync + ?Sized>(
    connection: &mut PgConnection,
    id: TransactionId,
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

/// Keeps a part of a body that is too large for one statement, until [`add_large_document`] puts the parts
/// together. Parts are numbered upwards.
///
/// # Errors
/// When the database fails.
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

/// Writes the document row of work that has just begun, without text, with its progress in place of an
/// answer. Returns the row's id.
///
/// # Errors
/// When the database fails.
pub async fn begin_progress(
    connection: &mut PgConnection,
    id: TransactionId,
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
/// When the database fails.
pub async fn set_progress(
    connection: &mut PgConnection,
    id: TransactionId,
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
/// When the database fails.
pub async fn end_progress(connection: &mut PgConnection, id: TransactionId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from transaction_documents where transaction_id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
}
