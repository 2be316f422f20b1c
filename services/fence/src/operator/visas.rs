//! Visas and passports.

use sqlx::PgPool;

use crate::{clock::now, error::Error, store::visas};

/// Forgets visas, passports and refresh tokens that have ended; returns how many rows that were.
///
/// # Errors
/// When the database fails.
pub async fn forget_expired(pool: &PgPool) -> Result<u64, Error> {
    Ok(visas::forget_expired(&mut *pool.acquire().await?, now()).await?)
}
