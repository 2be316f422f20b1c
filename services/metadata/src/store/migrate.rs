//! Making the tables, or adopting those of the original.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of metadata",
    lock: 0x006d_6574_6164_6174,
    revisions: &["4d93784a25e5", "3354f2c466ec", "6819874e85b9"],
    remedy: "6819874e85b9 is needed; migrate it with metadata-service first",
    schema: include_str!("schema.sql"),
    tables: &["metadata", "metadata_alias", "commons_metadata_count", "commons_aggregate_info"],
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
