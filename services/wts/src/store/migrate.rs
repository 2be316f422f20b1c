//! Making the table, or adopting that of the original.

use database::{AdoptError, Adopted};
use sqlx::PgPool;

const TABLES: Adopted = Adopted {
    database: "the database of refresh tokens",
    lock: 0x7774_7300,
    // Before this one, the tokens were not encrypted.
    revisions: &["3417aec47fe2"],
    remedy: "3417aec47fe2 is needed: migrate it with workspace-token-service 0.5 first",
    schema: include_str!("schema.sql"),
};

/// Creates what is missing, in a new database or in one of the original. Several processes may do so at once.
///
/// # Errors
/// See [`AdoptError`]; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), AdoptError> {
    TABLES.migrate(pool).await
}
