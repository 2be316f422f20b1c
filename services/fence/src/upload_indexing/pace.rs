//! How fast objects are read.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A limit of bytes in a second, which all clones keep together.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// Nanoseconds for a byte; 0 for no limit.
    nanoseconds: f64,
    /// When the next bytes may be read.
    next: Arc<Mutex<Option<Instant>>>,
}

impl Pace {
    /// 0 for no limit.
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    pub(super) fn new(bytes_per_second: u64) -> Self {
        let nanoseconds = if bytes_per_second == 0 { 0.0 } else { 1e9 / bytes_per_second as f64 };
        Self { nanoseconds, next: Arc::default() }
    }

    /// Waits until `bytes` more are within the limit.
    pub(super) async fn keep(&self, bytes: usize) {
        if self.nanoseconds > 0.0 {
            tokio::time::sleep(self.wait(bytes, Instant::now())).await;
        }
    }

    /// How long it is from `now` until `bytes` more are within the limit.
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    fn wait(&self, bytes: usize, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = next.map_or(now, |next| next.max(now));
        *next = Some(begin + Duration::from_secs_f64(bytes as f64 * self.nanoseconds / 1e9));
        begin - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_over_time_and_what_was_not_used_is_not_saved_up() {
        let (pace, now) = (Pace::new(1_000), Instant::now());
        assert_eq!(pace.wait(500, now), Duration::ZERO);
        assert_eq!(pace.clone().wait(250, now), Duration::from_millis(500));
        assert_eq!(pace.wait(250, now + Duration::from_millis(600)), Duration::from_millis(150));
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.wait(1, later), Duration::ZERO);
        assert_eq!(pace.wait(1, later), Duration::from_millis(1));
    }
}
