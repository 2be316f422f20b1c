//! Table `commons_local_guess`: failed attempts to log in.

use sqlx::{FromRow, PgConnection};

/// So many counts that nobody needs any more are forgotten with each new attempt.
const FORGOTTEN_AT_A_TIME: i64 = 100;

/// What is known of earlier attempts.
#[derive(Debug, Clone, Copy, FromRow)]
pub(crate) struct Earlier {
    pub(crate) failures: i32,
    /// Milliseconds since the last one.
    pub(crate) since_last: i64,
}

/// The count of `key`, which nobody else reads or changes until the transaction ends.
pub(crate) async fn locked(connection: &mut PgConnection, key: &[u8]) -> Result<Earlier, sqlx::Error> {
    sqlx::query_as(
        "insert into commons_local_guess as g (key) values ($1)
         on conflict (key) do update set key = excluded.key
         returning case when g.forget_at <= clock_timestamp() then 0 else g.failures end as failures,
                   (extract(epoch from clock_timestamp() - g.last_at) * 1000)::bigint as since_last",
    )
    .bind(key)
    .fetch_one(connection)
    .await
}

/// Keeps a count for `keep` seconds.
pub(crate) async fn count(
    connection: &mut PgConnection,
    key: &[u8],
    failures: i32,
    keep: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update commons_local_guess set failures = $2, last_at = clock_timestamp(),
                forget_at = clock_timestamp() + $3 * interval '1 second'
         where key = $1",
    )
    .bind(key)
    .bind(failures)
    .bind(keep)
    .execute(connection)
    .await
    .map(drop)
}

/// Takes one failure back: the attempt was a good one.
pub(crate) async fn take_back(connection: &mut PgConnection, keys: &[Vec<u8>]) -> Result<(), sqlx::Error> {
    sqlx::query("update commons_local_guess set failures = greatest(failures - 1, 0) where key = any($1)")
        .bind(keys)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets a count.
pub(crate) async fn forget(connection: &mut PgConnection, key: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from commons_local_guess where key = $1")
        .bind(key)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets some of the counts that nobody needs any more.
pub(crate) async fn prune(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from commons_local_guess where key in (
             select key from commons_local_guess where forget_at <= clock_timestamp()
             order by forget_at limit $1 for update skip locked)",
    )
    .bind(FORGOTTEN_AT_A_TIME)
    .execute(connection)
    .await
    .map(drop)
}
