//! Users.

use sqlx::PgPool;

pub use crate::store::users::ListedUser;
use crate::{error::Error, store::users};

/// All users, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<ListedUser>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(users::list(&mut connection).await?)
}

/// Whether there is a user of this name, in any case.
///
/// # Errors
/// When the database fails.
pub async fn exists(pool: &PgPool, username: &str) -> Result<bool, Error> {
    let mut connection = pool.acquire().await?;
    Ok(users::by_name(&mut connection, username).await?.is_some())
}
