//! Making the tables. The original has none.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of the search service",
    lock: 0x6775_7070_7900,
    revisions: &[],
    remedy: "it is that of another service, and sets need one of their own",
    schema: include_str!("schema.sql"),
};

/// Creates what is missing. Several processes may do so at once.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}
