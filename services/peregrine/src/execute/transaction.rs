//! The transaction of a request.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Row as _, Transaction};

/// Begins the transaction of a request, which only reads and has a time limit for each statement. Gives it
/// with the number of the database's process that runs it.
pub(super) async fn begin(
    pool: &PgPool,
    time: Duration,
) -> Result<(Transaction<'static, Postgres>, i32), sqlx::Error> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let statement = "select pg_backend_pid(), set_config('statement_timeout', $1, true), \
                     set_config('timezone', 'UTC', true), set_config('cursor_tuple_fraction', '1', true)";
    let limit = format!("{}ms", time.as_millis());
    let row = sqlx::query(statement).bind(limit).fetch_one(&mut *transaction).await?;
    let process = row.try_get(0)?;
    Ok((transaction, process))
}

/// Whether the database answers.
pub(crate) async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(pool).await.map(drop)
}
