//! SQL. Runs are the queue's (`libs/workqueue`), in the same database.

pub(crate) mod archiver;

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of operations",
    lock: 0x7363_6963_6174,
    revisions: &[],
    remedy: "it needs a database of its own",
    schema: include_str!("schema.sql"),
    tables: &["archiver_job", "archiver_dataset"],
};

/// Creates what is missing, in a database that [`workqueue::migrate`] has prepared.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}

/// Whether the tables are there.
///
/// # Errors
/// What is wrong, for who asks whether the service is ready.
pub(crate) async fn ready(pool: &PgPool) -> Result<(), String> {
    TABLES.ready(pool).await
}
