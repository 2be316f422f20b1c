//! Basic logins (`auth_record`).

use sqlx::PgConnection;

use crate::Error;

/// The stored SHA-256 hex digest of a user's password.
pub(crate) async fn digest(connection: &mut PgConnection, username: &str) -> Result<Option<String>, Error> {
    let digest: Option<Option<String>> =
        sqlx::query_scalar("select password from auth_record where username = $1")
            .bind(username)
            .fetch_optional(connection)
            .await?;
    Ok(digest.flatten())
}

pub(crate) async fn put(connection: &mut PgConnection, username: &str, digest: &str) -> Result<(), Error> {
    sqlx::query(
        "insert into auth_record (username, password) values ($1, $2) \
         on conflict (username) do update set password = excluded.password",
    )
    .bind(username)
    .bind(digest)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes a user; `false` when there was none.
pub(crate) async fn remove(connection: &mut PgConnection, username: &str) -> Result<bool, Error> {
    let done =
        sqlx::query("delete from auth_record where username = $1").bind(username).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn names(connection: &mut PgConnection) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar("select username from auth_record order by username").fetch_all(connection).await?)
}
