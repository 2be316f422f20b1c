//! Whether the database answers.

use sqlx::PgConnection;

/// Runs a statement that reads nothing.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}
