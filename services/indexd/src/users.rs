//! Basic logins, for operators and command line tools.

use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::{Error, store::logins};

/// Adds the login `username`, or gives it a new password.
///
/// # Errors
/// [`Error::BadRequest`] for a name that HTTP basic logins cannot carry, otherwise when the database fails.
pub async fn add(pool: &PgPool, username: &str, password: &str) -> Result<(), Error> {
    if username.is_empty() || username.contains(':') {
        return Err(Error::bad("a user name must not be empty and must not contain a colon"));
    }
    logins::put(&mut *pool.acquire().await?, username, &digest(password)).await
}

/// Removes the login `username`; `false` when there was none.
///
/// # Errors
/// When the database fails.
pub async fn remove(pool: &PgPool, username: &str) -> Result<bool, Error> {
    logins::remove(&mut *pool.acquire().await?, username).await
}

/// All user names, sorted.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<String>, Error> {
    logins::names(&mut *pool.acquire().await?).await
}

/// The form in which the tables of the original keep a password: SHA-256 in hex, without salt.
pub(crate) fn digest(password: &str) -> String {
    hex::encode(Sha256::digest(password.as_bytes()))
}
