//! Whether the database is there.

use sqlx::PgConnection;

/// Whether it answers.
pub(crate) async fn answers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}

/// Whether its tables are there.
pub(crate) async fn migrated(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select from transactions_outbox limit 1").execute(connection).await.map(drop)
}
