//! Table `user_refresh_token`: despite its name it holds the users' API keys.

use sqlx::{FromRow, PgConnection};

/// An API key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct ApiKey {
    pub(crate) jti: String,
    /// Seconds since the epoch.
    pub(crate) exp: i64,
}

/// The keys of a user, the longest living first.
pub(crate) async fn of_user(connection: &mut PgConnection, user: i32) -> Result<Vec<ApiKey>, sqlx::Error> {
    sqlx::query_as(
        "select jti, coalesce(expires, 0) as exp from user_refresh_token
         where userid = $1 order by expires desc, jti",
    )
    .bind(user)
    .fetch_all(connection)
    .await
}

/// Remembers a new key.
pub(crate) async fn add(connection: &mut PgConnection, user: i32, key: &ApiKey) -> Result<(), sqlx::Error> {
    sqlx::query("insert into user_refresh_token (jti, userid, expires) values ($1, $2, $3)")
        .bind(&key.jti)
        .bind(user)
        .bind(key.exp)
        .execute(connection)
        .await
        .map(drop)
}

/// As [`add`], and whether there was no key of this identifier yet; else nothing is changed.
pub(crate) async fn add_new(
    connection: &mut PgConnection,
    user: i32,
    key: &ApiKey,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "insert into user_refresh_token (jti, userid, expires) values ($1, $2, $3) on conflict do nothing",
    );
    Ok(added.bind(&key.jti).bind(user).bind(key.exp).execute(connection).await?.rows_affected() > 0)
}

/// Takes a key out of the list of whoever it belongs to; what is not a key is in no list.
pub(crate) async fn forget(connection: &mut PgConnection, jti: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from user_refresh_token where jti = $1").bind(jti).execute(connection).await.map(drop)
}

/// Takes a key away from its owner and returns when it would have expired; `None` if the user has no such
/// key.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    user: i32,
    jti: &str,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "delete from user_refresh_token where userid = $1 and jti = $2 returning coalesce(expires, 0)",
    )
    .bind(user)
    .bind(jti)
    .fetch_optional(connection)
    .await
}
