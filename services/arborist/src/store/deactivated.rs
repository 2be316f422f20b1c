//! Users who were deactivated.

use sqlx::PgConnection;

/// Deactivates the users of these names, in any letter case; returns how many were not before.
pub(crate) async fn deactivate(connection: &mut PgConnection, names: &[String]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "insert into commons_deactivated as known (name, tokens_before, still)
         select distinct lower(given.name), date_trunc('second', now()), true
         from unnest($1::text[]) as given(name) order by 1
         on conflict (name) do update set tokens_before = excluded.tokens_before, still = true
         where not known.still",
    );
    Ok(done.bind(names).execute(connection).await?.rows_affected())
}

/// Lets the users of these names in again, in any letter case; returns how many had been deactivated. Tokens
/// from before stay as they are: ended, also those of the very second in which they were deactivated.
pub(crate) async fn reactivate(connection: &mut PgConnection, names: &[String]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "update commons_deactivated
         set still = false, tokens_before = greatest(tokens_before, date_trunc('second', now()))
         where still and name in (select lower(given.name) from unnest($1::text[]) as given(name))",
    );
    Ok(done.bind(names).execute(connection).await?.rows_affected())
}

/// Ends all tokens of the users of these names, in any letter case, and leaves the names to whoever has them
/// next. The second that is not over counts as a whole: a token says no more of when it was issued.
pub(crate) async fn release(connection: &mut PgConnection, names: &[String]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "insert into commons_deactivated (name, tokens_before, still)
         select distinct lower(given.name), date_trunc('second', now()) + interval '1 second', false
         from unnest($1::text[]) as given(name) order by 1
         on conflict (name) do update set tokens_before = excluded.tokens_before, still = false",
    );
    Ok(done.bind(names).execute(connection).await?.rows_affected())
}

/// Returns whether the user of this name is deactivated.
pub(crate) async fn is_deactivated(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from commons_deactivated where name = lower($1) and still)")
        .bind(name)
        .fetch_one(connection)
        .await
}

/// Returns whether a token of the user of this name has ended that was issued at `issued`, in seconds since
/// 1970.
pub(crate) async fn has_ended(
    connection: &mut PgConnection,
    name: &str,
    issued: i64,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (
            select 1 from commons_deactivated
            where name = lower($1) and (still or $2 < extract(epoch from tokens_before)::int8)
        )",
    )
    .bind(name)
    .bind(issued)
    .fetch_one(connection)
    .await
}
