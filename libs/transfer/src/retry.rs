//! Trying again: how often, and after how long.

use std::time::Duration;

use rand::RngExt as _;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::sleep;

use crate::error::TransferError;

/// No pause is longer, whatever a server asks for.
const LONGEST: Duration = Duration::from_secs(60);

/// How often something is tried again that failed but may pass, and how long the first pause is; each further
/// one is twice as long, up to half a minute.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Tries after the first one. What got further than the time before does not count.
    pub times: u32,
    /// The first pause.
    pub first: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { times: 6, first: Duration::from_secs(1) }
    }
}

impl Retries {
    /// Does `work` until it succeeds, fails for good or has failed too often.
    pub(crate) async fn of<T>(
        self,
        mut work: impl AsyncFnMut() -> Result<T, TransferError>,
    ) -> Result<T, TransferError> {
        let mut failed = 0;
        loop {
            match work().await {
                Err(error) if error.is_passing() && failed < self.times => {
                    failed += 1;
                    self.pause(failed, error.asked_to_wait()).await;
                }
                done => return done,
            }
        }
    }

    /// Waits before try number `failed` after the first one.
    pub(crate) async fn pause(self, failed: u32, asked: Option<Duration>) {
        sleep(self.length(failed, asked)).await;
    }

    fn length(self, failed: u32, asked: Option<Duration>) -> Duration {
        let own = self.first.saturating_mul(1 << failed.saturating_sub(1).min(5));
        // Clients that failed together do not come back together.
        let own = own.mul_f64(rand::rng().random_range(0.75..1.25));
        asked.unwrap_or_default().max(own).min(LONGEST)
    }
}

/// How long an answer asks to wait (RFC 9110, section 10.2.3), where it says so in seconds.
pub(crate) fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if status.is_success() {
        return None;
    }
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let retries = Retries::default();
        for (failed, seconds) in [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (60, 32.0)] {
            let length = retries.length(failed, None).as_secs_f64();
            assert!((0.75 * seconds..1.25 * seconds).contains(&length), "{failed}: {length}");
        }
        assert_eq!(retries.length(1, Some(Duration::from_secs(20))), Duration::from_secs(20));
        assert_eq!(retries.length(1, Some(Duration::from_secs(9999))), LONGEST);
    }
}
