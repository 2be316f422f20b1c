//! Making the table, or adopting that of the original.

use sqlx::{PgConnection, PgPool};

/// Number of the advisory lock of a migration, chosen once.
const LOCK: i64 = 0x7265_7175_6573;
/// The Alembic revision that is served.
const REVISION: &str = "42cbae986650";

const SCHEMA: &str = include_str!("schema.sql");

/// Why the table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// It is of another version. Requests of the first one name resources, for which policies would have
    /// to be made.
    #[error(
        "the database of requests has the Alembic revision {found}, but {REVISION} is needed; migrate it \
         with requestor 1.9 first"
    )]
    OtherVersion {
        /// The revision.
        found: String,
    },
    /// Something else went wrong.
    #[error("the table of requests could not be made")]
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
