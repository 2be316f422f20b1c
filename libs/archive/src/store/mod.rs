//! SQL.

pub(crate) mod copies;
pub(crate) mod holds;
pub(crate) mod items;
pub(crate) mod sets;

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of operations",
    lock: 0x6172_6368_6976,
    revisions: &[],
    remedy: "it needs a database of its own",
    schema: include_str!("schema.sql"),
    tables: &["archive_copy", "archive_run", "archive_set"],
};

/// Creates what is missing, in a database that [`workqueue::migrate`] has prepared.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}
