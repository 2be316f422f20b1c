//! What the database server says of itself.

use sqlx::PgConnection;

/// Fails when the server does not answer.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await?;
    Ok(())
}

/// Returns how many bytes a label of an `ltree` path can have, which depends on the version of PostgreSQL.
pub(crate) async fn longest_label(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int4")
        .fetch_one(connection)
        .await?;
    Ok(if version >= 160_000 { 1000 } else { 255 })
}
