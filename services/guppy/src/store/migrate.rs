//! Making the tables. The original has none.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of the search service",
    lock: 0x6775_7070_7900,
    revisions: &[],
    remedy: "it is that of another service, and sets need one of their own",
    schema: include_str!("schema.sql"),
    tables: &["search_set", "search_set_part"],
};

/// Creates what is missing. Several processes may do so at once.
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
