//! Making the table, or adopting that of the original.

use sqlx::{PgConnection, PgPool};

/// Number of the advisory lock of a migration, chosen once.
const LOCK: i64 = 0x6c69_6272_6172;
/// The Alembic revision that is served.
const REVISION: &str = "3c2cb76ce78c";

const SCHEMA: &str = include_str!("schema.sql");

/// Why the table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// It is of a version that came later.
    #[error("the database of lists has the Alembic revision {found}, but {REVISION} is needed")]
    OtherVersion {
        /// The revision.
        found: String,
    },
    /// Something else went wrong.
    #[error("the table of lists could not be made")]
    Database(#[from] sqlx::Error),
}

/// Creates what is missing. A database of the original is left as it is. Several processes may do so at
/// once.
///
/// # Errors
/// See [`MigrateError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    if let Some(found) = revision(&mut transaction).await?.filter(|found| found != REVISION) {
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
