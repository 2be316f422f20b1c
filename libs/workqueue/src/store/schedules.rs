//! When schedules are due next.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::model::Planned;

/// Makes a schedule known. One that is known with the same time table keeps its time.
pub(crate) async fn know(
    connection: &mut PgConnection,
    name: &str,
    time_table: &str,
    next: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into operation_schedule as s (name, time_table, next) values ($1, $2, $3)
         on conflict (name) do update set time_table = excluded.time_table, next = excluded.next
         where s.time_table <> excluded.time_table",
    )
    .bind(name)
    .bind(time_table)
    .bind(next)
    .execute(connection)
    .await
    .map(drop)
}

/// The next times of these schedules.
pub(crate) async fn times(
    connection: &mut PgConnection,
    names: &[String],
) -> Result<Vec<(String, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as("select name, next from operation_schedule where name = any($1)")
        .bind(names)
        .fetch_all(connection)
        .await
}

/// All schedules, but for those that have not been put forward for an hour:
/// no worker has them any more.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<Planned>, sqlx::Error> {
    sqlx::query_as(
        "select name, time_table, next from operation_schedule
         where next > now() - interval '1 hour' order by name",
    )
    .fetch_all(connection)
    .await
}

/// Puts a schedule forward. Whether this caller did it, of all that wanted to.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    name: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("update operation_schedule set next = $3 where name = $1 and next = $2")
        .bind(name)
        .bind(from)
        .bind(to)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether a run of the schedule waits or is being done.
pub(crate) async fn is_under_way(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (
             select 1 from operation_run where schedule = $1 and state in ('queued', 'running')
         )",
    )
    .bind(name)
    .fetch_one(connection)
    .await
}
