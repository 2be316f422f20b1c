//! The tables of a small service, whose original keeps their version by Alembic.

use sqlx::{PgConnection, PgPool};

/// The tables of a service, in a new database or in one of the original.
#[derive(Debug, Clone, Copy)]
pub struct Adopted {
    /// What they are called in an error, for example `the audit database`.
    pub database: &'static str,
    /// Number of the advisory lock of their migration, chosen once for each service.
    pub lock: i64,
    /// The Alembic revisions that `schema` brings to the last one of them.
    pub revisions: &'static [&'static str],
    /// What to do about a database of another revision.
    pub remedy: &'static str,
    /// Statements that create what is missing and leave alone what is there.
    pub schema: &'static str,
    /// Tables without which the service cannot work, those that came last among them.
    pub tables: &'static [&'static str],
}

/// Why tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// They are of another version.
    #[error("{database} has the Alembic revision {found}; {remedy}")]
    OtherVersion {
        /// Whose they are.
        database: &'static str,
        /// The revision.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Something else went wrong.
    #[error("the tables of {database} could not be made")]
    Database {
        /// Whose they are.
        database: &'static str,
        /// Why.
        source: sqlx::Error,
    },
}

impl Adopted {
    /// Creates what is missing. Several processes may do so at once.
    ///
    /// # Errors
    /// See [`AdoptError`]; nothing is changed then.
    pub async fn migrate(&self, pool: &PgPool) -> Result<(), AdoptError> {
        let database = self.database;
        let unknown = self.apply(pool).await.map_err(|source| AdoptError::Database { database, source })?;
        match unknown {
            Some(found) => Err(AdoptError::OtherVersion { database, found, remedy: self.remedy }),
            None => Ok(()),
        }
    }

    /// Whether the tables are there, of a revision that is known.
    ///
    /// # Errors
    /// What is wrong, for who asks whether the service is ready: that the database does not answer soon, that
    /// it is not migrated, or that its revision is unknown.
    pub async fn ready(&self, pool: &PgPool) -> Result<(), String> {
        crate::ready(pool, self.database, self.tables).await?;
        let found = crate::promptly(async { revision(&mut *pool.acquire().await?).await });
        match found.await.map_err(|_| format!("{} does not answer", self.database))? {
            Some(found) if !self.revisions.contains(&found.as_str()) => {
                Err(format!("{} has the Alembic revision {found}; {}", self.database, self.remedy))
            }
            _ => Ok(()),
        }
    }

    /// The revision of the database, if it is none that is known; nothing is changed then.
    async fn apply(&self, pool: &PgPool) -> Result<Option<String>, sqlx::Error> {
        let mut transaction = pool.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1)").bind(self.lock).execute(&mut *transaction).await?;
        let is_unknown = |found: &String| !self.revisions.contains(&found.as_str());
        if let Some(unknown) = revision(&mut transaction).await?.filter(is_unknown) {
            return Ok(Some(unknown));
        }
        sqlx::raw_sql(self.schema).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(None)
    }
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
