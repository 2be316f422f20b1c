//! Visas, passports, and whom other issuers know under which name.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection};

/// The user whom `issuer` knows as `subject`.
pub(crate) async fn linked(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(r#"select "fk_to_User" from iss_sub_pair_to_user where iss = $1 and sub = $2"#)
        .bind(issuer)
        .bind(subject)
        .fetch_optional(connection)
        .await
}

/// Remembers that `issuer` knows the user as `subject`, whoever it was before.
pub(crate) async fn link(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
    user: i32,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"insert into iss_sub_pair_to_user as pair (iss, sub, "fk_to_User") values ($1, $2, $3)
           on conflict (iss, sub) do update set "fk_to_User" = excluded."fk_to_User"
           where pair."fk_to_User" <> excluded."fk_to_User""#,
    )
    .bind(issuer)
    .bind(subject)
    .bind(user)
    .execute(connection)
    .await
    .map(drop)
}

/// A visa as it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptVisa<'v> {
    /// As it is signed.
    pub(crate) text: &'v str,
    pub(crate) kind: &'v str,
    pub(crate) source: &'v str,
    /// Seconds since the epoch, as below.
    pub(crate) asserted: i64,
    pub(crate) expires: i64,
}

/// Puts `visas` in the place of those that the user had.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    user: i32,
    visas: &[KeptVisa<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from ga4gh_visa_v1 where user_id = $1").bind(user).execute(&mut *connection).await?;
    let texts: Vec<&str> = visas.iter().map(|visa| visa.text).collect();
    let sources: Vec<&str> = visas.iter().map(|visa| visa.source).collect();
    let kinds: Vec<&str> = visas.iter().map(|visa| visa.kind).collect();
    let asserted: Vec<i64> = visas.iter().map(|visa| visa.asserted).collect();
    let expires: Vec<i64> = visas.iter().map(|visa| visa.expires).collect();
    sqlx::query(
        "insert into ga4gh_visa_v1 (user_id, ga4gh_visa, source, type, asserted, expires)
         select $1, visa.text, visa.source, visa.kind, visa.asserted, visa.expires
         from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
              as visa(text, source, kind, asserted, expires)",
    )
    .bind(user)
    .bind(texts)
    .bind(sources)
    .bind(kinds)
    .bind(asserted)
    .bind(expires)
    .execute(connection)
    .await
    .map(drop)
}

/// The visas of a user that count at `now`, as they are signed.
pub(crate) async fn of_user(
    connection: &mut PgConnection,
    user: i32,
    now: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select ga4gh_visa from ga4gh_visa_v1 where user_id = $1 and expires > $2 order by id")
        .bind(user)
        .bind(now)
        .fetch_all(connection)
        .await
}

/// Puts a refresh token in the place of those that the user had; without one there is none any more.
pub(crate) async fn keep_refresh_token(
    connection: &mut PgConnection,
    user: i32,
    token: Option<(&str, i64)>,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from upstream_refresh_token where user_id = $1")
        .bind(user)
        .execute(&mut *connection)
        .await?;
    if let Some((token, expires)) = token {
        sqlx::query(
            "insert into upstream_refresh_token (user_id, refresh_token, expires) values ($1, $2, $3)",
        )
        .bind(user)
        .bind(token)
        .bind(expires)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Puts `next` in the place of the refresh token `last` of the user, or forgets it; returns whether the user
/// still had `last`. Until the transaction ends, a login waits that brings another.
pub(crate) async fn replace_refresh_token(
    connection: &mut PgConnection,
    user: i32,
    last: &str,
    next: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let change = match next {
        Some(next) => sqlx::query(
            "update upstream_refresh_token set refresh_token = $3 where user_id = $1 and refresh_token = $2",
        )
        .bind(user)
        .bind(last)
        .bind(next),
        None => sqlx::query("delete from upstream_refresh_token where user_id = $1 and refresh_token = $2")
            .bind(user)
            .bind(last),
    };
    Ok(change.execute(connection).await?.rows_affected() > 0)
}

/// A login of an active user that can be refreshed.
#[derive(Debug, FromRow)]
pub(crate) struct Refreshable {
    pub(crate) user_id: i32,
    pub(crate) username: String,
    /// As the issuer knows them.
    pub(crate) subject: String,
    pub(crate) refresh_token: String,
}

/// The users, after the one with the id `after`, whose last login was through `idp`, at `issuer`, and can be
/// refreshed at `now`.
pub(crate) async fn refreshable(
    connection: &mut PgConnection,
    (idp, issuer): (&str, &str),
    now: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<Refreshable>, sqlx::Error> {
    sqlx::query_as(
        r#"select distinct on (u.id) u.id as user_id, u.username, pair.sub as subject, token.refresh_token
           from upstream_refresh_token token
           join "User" u on u.id = token.user_id
           join identity_provider provider on provider.id = u.idp_id and provider.name = $5
           join iss_sub_pair_to_user pair on pair."fk_to_User" = u.id and pair.iss = $1
           where token.expires > $2 and u.active and u.username is not null and u.id > $3
           order by u.id, token.expires desc, pair.sub
           limit $4"#,
    )
    .bind(issuer)
    .bind(now)
    .bind(after)
    .bind(limit)
    .bind(idp)
    .fetch_all(connection)
    .await
}

/// The projects of studies, with the resource of each where one is named.
pub(crate) async fn projects(
    connection: &mut PgConnection,
    studies: &[String],
) -> Result<BTreeMap<String, Option<String>>, sqlx::Error> {
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "select auth_id, nullif(authz, '') as authz from project
         where auth_id is not null and split_part(auth_id, '.', 1) = any($1)",
    )
    .bind(studies)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// The names of the users for whom these passports vouch, of those that are remembered at `now`, by the
/// passports' hashes.
pub(crate) async fn remembered(
    connection: &mut PgConnection,
    hashes: &[String],
    now: i64,
) -> Result<BTreeMap<String, Vec<String>>, sqlx::Error> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select passport_hash::text, user_ids::text[] from ga4gh_passport_cache
         where passport_hash = any($1) and expires_at > $2",
    )
    .bind(hashes)
    .bind(now)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(hash, users)| (hash.trim().to_owned(), users)).collect())
}

/// The active users of these names, in any case: id and name.
pub(crate) async fn active_users(
    connection: &mut PgConnection,
    names: &[String],
) -> Result<Vec<(i32, String)>, sqlx::Error> {
    sqlx::query_as(
        r#"select distinct on (lower(u.username)) u.id, u.username from "User" u
           where lower(u.username) in (select lower(name) from unnest($1::text[]) as wanted(name))
             and u.active
           order by lower(u.username), u.id"#,
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// Remembers for whom a passport vouches, until `expires`.
pub(crate) async fn remember(
    connection: &mut PgConnection,
    hash: &str,
    users: &[&str],
    expires: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into ga4gh_passport_cache (passport_hash, expires_at, user_ids) values ($1, $2, $3)
         on conflict (passport_hash) do update
         set expires_at = excluded.expires_at, user_ids = excluded.user_ids",
    )
    .bind(hash)
    .bind(expires)
    .bind(users)
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets what has ended before `now`; returns how much that was.
pub(crate) async fn forget_expired(connection: &mut PgConnection, now: i64) -> Result<u64, sqlx::Error> {
    let mut forgotten = 0;
    for statement in [
        "delete from ga4gh_visa_v1 where expires <= $1",
        "delete from ga4gh_passport_cache where expires_at <= $1",
        "delete from upstream_refresh_token where expires <= $1",
    ] {
        forgotten += sqlx::query(statement).bind(now).execute(&mut *connection).await?.rows_affected();
    }
    Ok(forgotten)
}
