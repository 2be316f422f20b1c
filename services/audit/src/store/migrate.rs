//! Making the tables, or adopting those of the original.

use sqlx::{PgConnection, PgPool};

/// Number of the advisory lock of a migration, chosen once.
const LOCK: i64 = 0x6175_6469_7400;

/// The Alembic revisions of the original, the first one first. [`SCHEMA`] brings each to the last one.
const REVISIONS: [&str; 5] = ["d5b18185c458", "fd0510a0a9aa", "7a838ea48eea", "45aae42015e8", "42692e47f254"];

const SCHEMA: &str = include_str!("schema.sql");

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// They are of a version that came later.
    #[error(
        "the audit database has the Alembic revision {found}, which this program does not know; it knows \
         those of audit-service up to 2.1"
    )]
    OtherVersion {
        /// The revision.
        found: String,
    },
    /// Something else went wrong.
    #[error("the audit tables could not be made")]
    Database(#[from] sqlx::Error),
}

/// Creates what is missing, in a new database or in one of the original. Several processes may do so at once.
///
/// # Errors
/// See [`MigrateError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    if let Some(found) = revision(&mut transaction).await?
        && !REVISIONS.contains(&found.as_str())
    {
        return Err(MigrateError::OtherVersion { found });
    }
    sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

async fn revision(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let there: bool = sqlx::query_scalar("select to_regclass('alembic_version') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(None);
    }
    sqlx::query_scalar("select version_num from alembic_version limit 1").fetch_optional(connection).await
}
