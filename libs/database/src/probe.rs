//! Questions whose answer is wanted soon.

use std::time::Duration;

/// Those who ask whether a service is ready wait two seconds or so.
const PROMPTLY: Duration = Duration::from_millis(1500);

/// What `probe` says; [`sqlx::Error::PoolTimedOut`] when it takes longer than a second and a half.
///
/// # Errors
/// Those of `probe`, and that it takes too long.
pub async fn promptly<T>(probe: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PROMPTLY, probe).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
