//! How long a client may keep the server waiting. Pure.

use std::time::{Duration, Instant};

/// The slowest client that is put up with. Only the time that the server waits counts: a client that is not
/// asked for anything is never slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest wait for the next byte.
    pub gap: Duration,
    /// All waits together, before the rate counts.
    pub grace: Duration,
    /// After the grace: this many bytes buy another second of waiting.
    pub bytes_per_second: u64,
}

impl Default for Pace {
    /// Half a minute for the next byte, and 500 bytes a second on average: a tenth of what a modem did.
    fn default() -> Self {
        Self { gap: Duration::from_secs(30), grace: Duration::from_secs(30), bytes_per_second: 500 }
    }
}

impl Pace {
    /// This pace with a longer wait for the next byte. For answers: a client may think about what it has.
    pub(super) fn for_readers(self) -> Self {
        Self { gap: self.gap * 2, grace: self.grace * 2, ..self }
    }

    fn allowance(&self, moved: u64) -> Duration {
        let bought = moved.saturating_mul(1000) / self.bytes_per_second.max(1);
        self.grace.saturating_add(Duration::from_millis(bought))
    }
}

/// What a client has been granted and has used of it, for one body or one connection.
#[derive(Debug)]
pub(super) struct Patience {
    pace: Pace,
    moved: u64,
    waited: Duration,
    since: Option<Instant>,
}

impl Patience {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, moved: 0, waited: Duration::ZERO, since: None }
    }

    /// The server waits (since `now`, if it did not before). Returns when it gives up.
    pub(super) fn waits(&mut self, now: Instant) -> Instant {
        let since = *self.since.get_or_insert(now);
        let left = self.pace.allowance(self.moved).saturating_sub(self.waited);
        since + left.min(self.pace.gap)
    }

    /// `bytes` have come or gone.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if let Some(since) = self.since.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace =
        Pace { gap: Duration::from_secs(30), grace: Duration::from_secs(60), bytes_per_second: 100 };

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn silence_is_given_up_after_the_gap() {
        let mut patience = Patience::new(PACE);
        let now = Instant::now();
        assert_eq!(patience.waits(now), now + seconds(30));
        // Asking again does not begin again.
        assert_eq!(patience.waits(now + seconds(10)), now + seconds(30));
    }

    #[test]
    fn drops_of_bytes_do_not_buy_time_for_ever() {
        let mut patience = Patience::new(PACE);
        patience.waited = seconds(50);
        patience.moved(10);
        let now = Instant::now();
        assert_eq!(patience.waits(now), now + seconds(10) + Duration::from_millis(100));
    }

    #[test]
    fn bytes_buy_time_but_never_a_longer_silence() {
        let mut patience = Patience::new(PACE);
        patience.waited = seconds(60);
        patience.moved(2_000);
        let now = Instant::now();
        assert_eq!(patience.waits(now), now + seconds(20));
        patience.moved(usize::MAX);
        let now = Instant::now();
        assert_eq!(patience.waits(now), now + seconds(30));
    }
}
