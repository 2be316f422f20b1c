//! The transaction of a request.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Row as _, Transaction};

use crate::plan;

/// Begins the transaction of a request, which only reads and has a time limit for each statement. Gives it
/// with the number of the database's process that runs it.
pub(super) async fn begin(
    pool: &PgPool,
    time: Duration,
) -> Result<(Transaction<'static, Postgres>, i32), sqlx::Error> {
    let mut transaction = pool.begin_with(plan::BEGIN).await?;
    let limit = format!("{}ms", time.as_millis());
    let row = sqlx::query(plan::SETTINGS).bind(limit).fetch_one(&mut *transaction).await?;
    let process = row.try_get(0)?;
    Ok((transaction, process))
}

/// Whether the database answers.
pub(crate) async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    database::promptly(async { sqlx::query(plan::PING).execute(pool).await }).await.map(drop)
}
