//! What follows when a run does not end well. Pure.

use std::time::Duration;

use crate::kind::{Failed, Policy};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// What becomes of a run whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is tried again after this time.
    Again(Duration),
    /// It goes on after this time, and has not failed.
    Later(Duration),
    /// It has failed.
    Never,
}

/// What follows on a failure in the attempt number `attempt` (the first is 1).
pub(crate) fn after(failed: &Failed, attempt: i32, policy: &Policy) -> Next {
    match failed {
        Failed::ForGood(_) => Next::Never,
        Failed::NotYet { pause, .. } => Next::Later(*pause),
        Failed::Passing(_) if attempt >= i32::from(policy.attempts) => Next::Never,
        Failed::Passing(_) => Next::Again(pause(attempt, policy.pause)),
    }
}

/// `first`, doubled with each further attempt, up to an hour.
fn pause(attempt: i32, first: Duration) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
    first.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_attempts_have_an_end() {
        let policy = Policy { attempts: 40, ..Policy::default() };
        let passing = Failed::Passing(String::new());
        let pauses = [1, 2, 3, 9, 10, 39].map(|attempt| after(&passing, attempt, &policy));
        let expected = [10, 20, 40, 2_560, 3_600, 3_600].map(|s| Next::Again(Duration::from_secs(s)));
        assert_eq!(pauses, expected);
        assert_eq!(after(&passing, 40, &policy), Next::Never);
        assert_eq!(after(&Failed::ForGood(String::new()), 1, &policy), Next::Never);
    }
}
