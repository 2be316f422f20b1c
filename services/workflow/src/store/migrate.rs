//! Making the table.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of tasks",
    lock: 0x7461_736b_7300,
    revisions: &[],
    remedy: "it needs a database of its own, or that of workspaces",
    schema: include_str!("schema.sql"),
    tables: &["workflow_tasks"],
};

/// Creates what is missing. Several processes may do so at once.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}

/// Whether the table is there and of a version that is known.
///
/// # Errors
/// What is wrong, for who asks whether the service is ready.
pub(crate) async fn ready(pool: &PgPool) -> Result<(), String> {
    TABLES.ready(pool).await
}
