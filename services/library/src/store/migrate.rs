//! Making the table, or adopting that of the original.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of lists",
    lock: 0x6c69_6272_6172,
    revisions: &["3c2cb76ce78c"],
    remedy: "3c2cb76ce78c is needed, that of gen3-user-data-library 1.0",
    schema: include_str!("schema.sql"),
    tables: &["user_lists"],
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
