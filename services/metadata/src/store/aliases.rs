//! The table `metadata_alias`.

use sqlx::PgConnection;

use crate::access::{MayAdminister, MayRead};

/// The aliases of a document, sorted.
pub(crate) async fn of(
    connection: &mut PgConnection,
    _: &MayRead,
    guid: &str,
) -> Result<Vec<String>, sqlx::Error> {
    known(connection, guid).await
}

/// The aliases of a document that are about to be changed, sorted.
pub(crate) async fn before(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
) -> Result<Vec<String>, sqlx::Error> {
    known(connection, guid).await
}

async fn known(connection: &mut PgConnection, guid: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(r#"select alias from metadata_alias where guid = $1 order by alias collate "C""#)
        .bind(guid)
        .fetch_all(connection)
        .await
}

/// Whether there is a document; nobody else changes its aliases until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("select guid from metadata where guid = $1 for no key update")
        .bind(guid)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Adds aliases, and returns how many of them nobody had.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
    aliases: &[String],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "insert into metadata_alias (alias, guid)
         select alias, $1 from unnest($2::text[]) as n (alias) order by alias on conflict do nothing",
    )
    .bind(guid)
    .bind(aliases)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes aliases of a document, and returns how many.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
    aliases: &[String],
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from metadata_alias where guid = $1 and alias = any($2)")
        .bind(guid)
        .bind(aliases)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Deletes all aliases of a document, and returns how many.
pub(crate) async fn delete_all(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
) -> Result<u64, sqlx::Error> {
    let done =
        sqlx::query("delete from metadata_alias where guid = $1").bind(guid).execute(connection).await?;
    Ok(done.rows_affected())
}
