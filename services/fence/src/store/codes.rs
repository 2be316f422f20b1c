//! Table `authorization_code`: codes that wait for being redeemed.

use sqlx::{FromRow, PgConnection};

/// Seconds in which a code must be redeemed.
pub(crate) const LIFE: i64 = 300;

/// A code and what it was given for.
#[derive(Clone, FromRow)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) client_id: String,
    /// Empty when the request named none.
    pub(crate) redirect_uri: String,
    pub(crate) user_id: i32,
    pub(crate) nonce: Option<String>,
    pub(crate) scope: String,
    /// When it was made, in seconds since the epoch.
    pub(crate) auth_time: i64,
    pub(crate) refresh_token_expires_in: Option<i64>,
    pub(crate) code_challenge: Option<String>,
    pub(crate) code_challenge_method: Option<String>,
}

/// Keeps a code, and forgets those that were made before `oldest` (seconds since the epoch): most of what is
/// asked for is redeemed, and the rest must not pile up.
pub(crate) async fn add(connection: &mut PgConnection, code: &Code, oldest: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with old as (delete from authorization_code where auth_time < $11)
         insert into authorization_code
             (code, client_id, redirect_uri, response_type, auth_time, user_id, nonce, _scope,
              refresh_token_expires_in, code_challenge, code_challenge_method)
         values ($1, $2, $3, 'code', $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&code.code)
    .bind(&code.client_id)
    .bind(&code.redirect_uri)
    .bind(code.auth_time)
    .bind(code.user_id)
    .bind(&code.nonce)
    .bind(&code.scope)
    .bind(code.refresh_token_expires_in)
    .bind(&code.code_challenge)
    .bind(&code.code_challenge_method)
    .bind(oldest)
    .execute(connection)
    .await
    .map(drop)
}

/// The code, if it was made for this client. Nobody else can redeem it until the transaction ends.
pub(crate) async fn locked(
    connection: &mut PgConnection,
    code: &str,
    client_id: &str,
) -> Result<Option<Code>, sqlx::Error> {
    sqlx::query_as(
        "select code, client_id, coalesce(redirect_uri, '') as redirect_uri, user_id, nonce,
                coalesce(_scope, '') as scope, auth_time::bigint as auth_time,
                refresh_token_expires_in::bigint as refresh_token_expires_in,
                code_challenge, code_challenge_method
         from authorization_code where code = $1 and client_id = $2 and user_id is not null for update",
    )
    .bind(code)
    .bind(client_id)
    .fetch_optional(connection)
    .await
}

/// Forgets a code.
pub(crate) async fn remove(connection: &mut PgConnection, code: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from authorization_code where code = $1")
        .bind(code)
        .execute(connection)
        .await
        .map(drop)
}

/// Whether a code that has not been redeemed was asked for with this nonce.
pub(crate) async fn has_nonce(connection: &mut PgConnection, nonce: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from authorization_code where nonce = $1)")
        .bind(nonce)
        .fetch_one(connection)
        .await
}
