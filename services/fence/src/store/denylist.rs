//! Table `blacklisted_token`: tokens that were revoked before their time.

use sqlx::PgConnection;

/// Whether the token was revoked.
pub(crate) async fn contains(connection: &mut PgConnection, jti: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from blacklisted_token where jti = $1)")
        .bind(jti)
        .fetch_one(connection)
        .await
}

/// Revokes a token until it expires by itself (seconds since the epoch).
pub(crate) async fn add(connection: &mut PgConnection, jti: &str, exp: i64) -> Result<(), sqlx::Error> {
    sqlx::query("insert into blacklisted_token (jti, exp) values ($1, $2) on conflict (jti) do nothing")
        .bind(jti)
        .bind(exp)
        .execute(connection)
        .await
        .map(drop)
}

/// As [`add`], and whether the token was not revoked before: what is used once is revoked by its use.
pub(crate) async fn add_first(
    connection: &mut PgConnection,
    jti: &str,
    exp: i64,
) -> Result<bool, sqlx::Error> {
    let added =
        sqlx::query("insert into blacklisted_token (jti, exp) values ($1, $2) on conflict (jti) do nothing");
    Ok(added.bind(jti).bind(exp).execute(connection).await?.rows_affected() > 0)
}

/// Forgets tokens that were over at `time`, `most` of them at most, and returns how many.
pub(crate) async fn forget(connection: &mut PgConnection, time: i64, most: i64) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query(
        "delete from blacklisted_token where jti in
         (select jti from blacklisted_token where exp < $1 limit $2 for update skip locked)",
    );
    Ok(forgotten.bind(time).bind(most).execute(connection).await?.rows_affected())
}
