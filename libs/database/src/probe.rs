//! Questions whose answer is wanted soon.

use std::time::Duration;

use sqlx::PgPool;

/// Those who ask whether a service is ready wait two seconds or so.
const PROMPTLY: Duration = Duration::from_millis(1500);

/// What `probe` says; [`sqlx::Error::PoolTimedOut`] when it takes longer than a second and a half.
///
/// # Errors
/// Those of `probe`, and that it takes too long.
pub async fn promptly<T>(probe: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PROMPTLY, probe).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Whether a service can use its database: it answers soon, and has these tables (with quotes where SQL wants
/// them).
///
/// # Errors
/// What is wrong, for who asks whether the service is ready.
pub async fn ready(pool: &PgPool, database: &str, tables: &[&str]) -> Result<(), String> {
    let missing = async { missing(pool, tables).await };
    match promptly(missing).await {
        Ok(None) => Ok(()),
        Ok(Some(table)) => Err(format!("{database} is not migrated: it has no table {table}")),
        Err(_) => Err(format!("{database} does not answer")),
    }
}

/// The first of these tables that is not there.
async fn missing(pool: &PgPool, tables: &[&str]) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select name from unnest($1::text[]) with ordinality as wanted (name, place) \
         where to_regclass(name) is null order by place limit 1",
    )
    .bind(tables)
    .fetch_optional(pool)
    .await
}
