//! Lists records by their aliases, for those who look after a commons.

use sqlx::PgPool;

use crate::{Error, layout::Layout};

/// Records that are older than an hour and have an alias with a slash in it, as those have that submissions
/// make, as `(did, alias)`. At most `most` of them, those whose aliases come after `after`.
///
/// The layout is that of [`layout`](crate::layout).
///
/// # Errors
/// When the layout cannot be known, or the database fails.
pub async fn aliased(
    pool: &PgPool,
    setting: Option<Layout>,
    after: &str,
    most: i64,
) -> Result<Vec<(String, String)>, Error> {
    let mut connection = pool.acquire().await?;
    let layout = Layout::recognised(&mut connection, setting).await?;
    layout.with_slash(&mut connection, after, most).await
}
