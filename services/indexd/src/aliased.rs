//! Lists records by their aliases, for those who look after a commons.

use sqlx::PgPool;

use crate::store::aliases;

/// Records that are older than an hour and have an alias with a slash in it, as those have that submissions
/// make, as `(did, alias)`. At most `most` of them, those whose aliases come after `after`.
///
/// # Errors
/// When the database fails.
pub async fn aliased(pool: &PgPool, after: &str, most: i64) -> Result<Vec<(String, String)>, sqlx::Error> {
    aliases::with_slash(&mut *pool.acquire().await?, after, most).await
}
