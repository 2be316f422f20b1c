//! Making the table, or adopting that of the original.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of requests",
    lock: 0x7265_7175_6573,
    // Requests of the first one name resources, for which policies would have to be made.
    revisions: &["42cbae986650"],
    remedy: "42cbae986650 is needed: migrate it with requestor 1.9 first",
    schema: include_str!("schema.sql"),
    tables: &["requests"],
};

/// Creates what is missing, in a new database or in one of the original. Several processes may do so at once.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}

/// Whether the tables are there and of a version that is known.
///
/// # Errors
/// What is wrong, for who asks whether the service is ready.
pub(crate) async fn ready(pool: &PgPool) -> Result<(), String> {
    TABLES.ready(pool).await
}
