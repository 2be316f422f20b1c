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
    tables: &["refresh_token"],
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
