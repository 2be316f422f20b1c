//! Making arborist's tables, or adopting those that the Go program made.

use sqlx::{PgConnection, PgPool};

use super::locks::{self, Lock};

/// The only schema there has been since 2019.
const SCHEMA_VERSION: &str = "2019-09-03T155025Z_authz_provider";

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The server has no `ltree`.
    #[error(
        "this PostgreSQL server has no extension ltree, which arborist's resource tree needs; install the \
         contrib modules of the server (Debian and Ubuntu have them in the server's package, Fedora and \
         others in postgresql-contrib) and start again"
    )]
    LtreeMissing(#[source] sqlx::Error),
    /// The role may not create it.
    #[error(
        "the database role may not create the extension ltree, which arborist's resource tree needs; as an \
         administrator run `create extension ltree` in arborist's database, or make the role owner of the \
         database"
    )]
    LtreeForbidden(#[source] sqlx::Error),
    /// The tables are of another version.
    #[error(
        "arborist's database has schema version {found}, but {SCHEMA_VERSION} is needed; migrate it with the \
         program that made it first"
    )]
    OtherVersion {
        /// What `db_version` says; "none" when it says nothing.
        found: String,
    },
    /// Something else went wrong.
    #[error("arborist's tables could not be made")]
    Database(#[from] sqlx::Error),
}

/// Creates what is missing: the extension `ltree`, the tables with their triggers, the additional indexes.
/// A complete database is left as it is, whoever made it. Several processes may do so at once.
///
/// # Errors
/// See [`MigrateError`]; nothing is half done then.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let mut transaction = pool.begin().await?;
    locks::wait_for(&mut transaction, Lock::Migration).await?;
    create_ltree(&mut transaction).await?;
    if is_new(&mut transaction).await? {
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await?;
    }
    sqlx::raw_sql(include_str!("indexes.sql")).execute(&mut *transaction).await?;
    follow_changes(&mut transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// Makes what tells processes that decide in memory of changes, and the log of grants. What it makes
/// belongs to the schema of the tables, whatever the search_path of other sessions is.
async fn follow_changes(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with before as materialized (
            select set_config('arborist.search_path', current_setting('search_path'), true)
        )
        select set_config('search_path', quote_ident(pg_namespace.nspname) || ', pg_temp', true)
        from before, pg_class join pg_namespace on pg_namespace.oid = pg_class.relnamespace
        where pg_class.oid = 'resource'::regclass",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::raw_sql(include_str!("decisions.sql")).execute(&mut *connection).await?;
    let logged: bool =
        sqlx::query_scalar("select to_regclass('grant_log') is not null").fetch_one(&mut *connection).await?;
    if !logged {
        sqlx::raw_sql(include_str!("grant_log.sql")).execute(&mut *connection).await?;
    }
    sqlx::query("select set_config('search_path', current_setting('arborist.search_path'), true)")
        .execute(connection)
        .await
        .map(drop)
}

async fn create_ltree(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let there: bool =
        sqlx::query_scalar("select exists (select 1 from pg_extension where extname = 'ltree')")
            .fetch_one(&mut *connection)
            .await?;
    if there {
        return Ok(());
    }
    let created = sqlx::query("create extension if not exists ltree").execute(connection).await;
    let Err(error) = created else { return Ok(()) };
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    Err(match code.as_ref() {
        "42501" => MigrateError::LtreeForbidden(error),
        // The control file of the extension is not there; the code depends on the version of the server.
        "58P01" | "0A000" => MigrateError::LtreeMissing(error),
        _ => MigrateError::Database(error),
    })
}

async fn is_new(connection: &mut PgConnection) -> Result<bool, MigrateError> {
    let (resource, versions): (bool, bool) =
        sqlx::query_as("select to_regclass('resource') is not null, to_regclass('db_version') is not null")
            .fetch_one(&mut *connection)
            .await?;
    if !resource && !versions {
        return Ok(true);
    }
    let mut found = None;
    if versions {
        found = sqlx::query_scalar("select version from db_version order by id desc limit 1")
            .fetch_optional(connection)
            .await?
            .flatten();
    }
    match found {
        Some(version) if version == SCHEMA_VERSION => Ok(false),
        found => Err(MigrateError::OtherVersion { found: found.unwrap_or_else(|| "none".to_owned()) }),
    }
}
