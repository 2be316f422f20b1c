//! Whether the database serves.

use sqlx::PgPool;

/// Fails unless the tables of the index can be read. It takes the pool, not a connection, because waiting for
/// a connection is part of the question.
pub(crate) async fn check(pool: &PgPool) -> Result<(), sqlx::Error> {
    let reads = async { sqlx::query("select did from index_record limit 0").execute(pool).await };
    database::promptly(reads).await.map(drop)
}
