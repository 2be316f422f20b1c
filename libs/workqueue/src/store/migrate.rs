//! Making the tables.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of operations",
    lock: 0x6f70_6572_6174,
    revisions: &[],
    remedy: "it needs a database of its own",
    schema: include_str!("schema.sql"),
    tables: &["operation_run", "operation_log", "operation_limit", "operation_schedule"],
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
