//! Making the tables.

use sqlx::{Connection as _, PgPool};

/// Number of the advisory lock that migrations of fence hold, chosen once.
const MIGRATION_LOCK: i64 = 0x0066_656e_6365;

/// Creates what is missing of fence's tables. A database of the original service is adopted in place.
///
/// Many processes may start at once: an advisory lock lets one at a time through.
///
/// # Errors
/// When the database refuses a statement; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
    // Tables that exist already would each be noticed in the log.
    sqlx::query("set local client_min_messages = warning").execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("clients.sql")).execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("google.sql")).execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("visas.sql")).execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("local.sql")).execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("uploads.sql")).execute(&mut *transaction).await?;
    transaction.commit().await
}
