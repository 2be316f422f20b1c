//! Making the tables, or adopting those of the original.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the audit database",
    lock: 0x6175_6469_7400,
    // The first one first.
    revisions: &["d5b18185c458", "fd0510a0a9aa", "7a838ea48eea", "45aae42015e8", "42692e47f254"],
    remedy: "this program knows those of audit-service up to 2.1",
    schema: include_str!("schema.sql"),
    tables: &["presigned_url", "login"],
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
