//! Databases of a server.

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::PostgresError;

/// Makes sure that each of `names` (identifiers of ours, never of a user) is a database of the server that
/// `any` of its databases leads to.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn ensure_databases(any: &PgConnectOptions, names: &[&'static str]) -> Result<(), PostgresError> {
    let mut connection = PgConnection::connect_with(any).await?;
    let existing = self::names(&mut connection).await?;
    for name in names.iter().filter(|name| !existing.iter().any(|known| known == *name)) {
        let statement: String = sqlx::query_scalar("select format('create database %I', $1::text)")
            .bind(*name)
            .fetch_one(&mut connection)
            .await?;
        run_utility(&mut connection, statement).await?;
    }
    connection.close().await?;
    Ok(())
}

/// The databases of the server.
pub(crate) async fn names(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select datname::text from pg_database").fetch_all(connection).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "a utility statement whose names were quoted by the server itself"
)]
pub(crate) async fn run_utility(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.map(|_| ())
}
