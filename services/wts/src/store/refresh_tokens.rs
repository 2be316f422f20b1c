//! The table `refresh_token`. Every statement but two is about the tokens of one user.

use sqlx::PgConnection;

use crate::access::Caller;

/// A refresh token as it is stored, encrypted.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct StoredToken {
    pub(crate) idp: String,
    pub(crate) token: String,
    /// In seconds since 1970.
    pub(crate) expires: i64,
}

/// A token that is to be stored.
pub(crate) struct NewToken<'n> {
    /// Encrypted.
    pub(crate) token: &'n str,
    pub(crate) jti: &'n str,
    /// The user's identifier at the provider.
    pub(crate) userid: &'n str,
    pub(crate) expires: i64,
    pub(crate) idp: &'n str,
}

/// Whether the database answers and has the table.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1 from refresh_token limit 1").execute(connection).await.map(drop)
}

/// The token for `idp` that lives longest, even if it has ended.
pub(crate) async fn latest(
    connection: &mut PgConnection,
    caller: &Caller,
    idp: &str,
) -> Result<Option<StoredToken>, sqlx::Error> {
    sqlx::query_as(
        "select idp, token, expires from refresh_token
         where username = $1 and idp = $2 order by expires desc limit 1",
    )
    .bind(caller.name())
    .bind(idp)
    .fetch_optional(connection)
    .await
}

/// For each of `idps` the token that lives longest, if it has not ended at `now`.
pub(crate) async fn living(
    connection: &mut PgConnection,
    caller: &Caller,
    idps: &[&str],
    now: i64,
) -> Result<Vec<StoredToken>, sqlx::Error> {
    sqlx::query_as(
        "select distinct on (idp) idp, token, expires from refresh_token
         where username = $1 and idp = any($2) and expires > $3 order by idp, expires desc",
    )
    .bind(caller.name())
    .bind(idps)
    .bind(now)
    .fetch_all(connection)
    .await
}

/// All tokens for `idp`.
pub(crate) async fn all(
    connection: &mut PgConnection,
    caller: &Caller,
    idp: &str,
) -> Result<Vec<StoredToken>, sqlx::Error> {
    sqlx::query_as("select idp, token, expires from refresh_token where username = $1 and idp = $2")
        .bind(caller.name())
        .bind(idp)
        .fetch_all(connection)
        .await
}

/// Stores a token in the place of those that the user, or whoever has the same account there, has for its
/// provider.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    caller: &Caller,
    new: &NewToken<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from refresh_token where idp = $1 and (username = $2 or userid = $3)")
        .bind(new.idp)
        .bind(caller.name())
        .bind(new.userid)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into refresh_token (token, jti, username, userid, expires, idp)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.token)
    .bind(new.jti)
    .bind(caller.name())
    .bind(new.userid)
    .bind(new.expires)
    .bind(new.idp)
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes all tokens that the user has for `idp`.
pub async fn forget(connection: &mut PgConnection, caller: &Caller, idp: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from refresh_token where username = $1 and idp = $2")
        .bind(caller.name())
        .bind(idp)
        .execute(connection)
        .await
        .map(drop)
}

/// Deletes one token.
pub(crate) async fn forget_one(
    connection: &mut PgConnection,
    caller: &Caller,
    token: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from refresh_token where username = $1 and token = $2")
        .bind(caller.name())
        .bind(token)
        .execute(connection)
        .await
        .map(drop)
}

/// Deletes tokens of anybody that had ended before `time`, a thousand at most.
pub(crate) async fn purge(connection: &mut PgConnection, time: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from refresh_token where token in
         (select token from refresh_token where expires < $1 limit 1000 for update skip locked)",
    )
    .bind(time)
    .execute(connection)
    .await
    .map(drop)
}
