//! No more bytes a second than the user wants.

use std::{num::NonZeroU64, sync::Mutex, time::Duration};

use tokio::time::{Instant, sleep_until};

/// What may be caught up after a pause.
const SLACK: Duration = Duration::from_millis(200);

/// Bytes a second of all connections together.
#[derive(Debug)]
pub struct Pace {
    rate: Option<NonZeroU64>,
    /// When the next byte may go.
    next: Mutex<Instant>,
}

impl Pace {
    /// At most `rate` bytes a second; as fast as it goes without one.
    #[must_use]
    pub fn new(rate: Option<NonZeroU64>) -> Self {
        Self { rate, next: Mutex::new(Instant::now()) }
    }

    /// Waits until `bytes` more may go.
    pub(crate) async fn take(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let length = Duration::from_secs_f64(bytes as f64 / rate.get() as f64);
        let begin = {
            // A panic between lock and unlock is impossible: only numbers are compared.
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let begin = (*next).max(Instant::now() - SLACK);
            *next = begin + length;
            begin
        };
        sleep_until(begin + length).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_take_share_one_rate() {
        let pace = Pace::new(NonZeroU64::new(1_000_000));
        let begun = Instant::now();
        let one = async {
            for _ in 0..25 {
                pace.take(10_000).await;
            }
        };
        tokio::join!(one, async {
            for _ in 0..25 {
                pace.take(10_000).await;
            }
        });
        let took = begun.elapsed().as_secs_f64();
        assert!((0.28..0.6).contains(&took), "500 kB at 1 MB/s, of which 200 ms may come at once: {took}");
    }

    #[tokio::test]
    async fn without_a_rate_nobody_waits() {
        let begun = Instant::now();
        Pace::new(None).take(usize::MAX).await;
        assert!(begun.elapsed() < Duration::from_millis(50));
    }
}
