//! Waiting for what a service needs. The services of a commons start in any order; each waits for the others
//! and logs what it waits for.

use std::{fmt::Display, sync::Arc, time::Duration};

use web::Waits;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// Where the making of a service notes what it waits for.
    static WAITS: Arc<Waits>;
}

/// Makes something, and notes in `waits` what it waits for.
pub(crate) async fn telling<T>(waits: Arc<Waits>, made: impl Future<Output = T>) -> T {
    WAITS.scope(waits, made).await
}

/// Notes it where somebody reads it.
fn note(told: impl FnOnce(&Waits)) {
    // What waits beside a service that serves is not why that service would not be ready.
    let _ = WAITS.try_with(|waits| told(waits));
}

/// Tries until it succeeds, with growing pauses.
pub(crate) async fn until<T, E: Display>(what: &str, mut attempt: impl AsyncFnMut() -> Result<T, E>) -> T {
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Ok(done) => {
                note(Waits::have_it);
                return done;
            }
            Err(error) => {
                note(|waits| waits.wait_for(what));
                tracing::warn!(error = %error, retry_in_ms = pause.as_millis(), "waiting for {what}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
