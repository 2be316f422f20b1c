//! Waiting for what a service needs. The services of a commons start in any order; each waits for the others
//! and logs what it waits for.

use std::{fmt::Display, time::Duration};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Tries until it succeeds, with growing pauses.
pub(crate) async fn until<T, E: Display>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T, E>) -> T {
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => {
                tracing::warn!(error = %error, retry_in_ms = pause.as_millis(), "waiting for {what}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
