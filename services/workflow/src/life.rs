//! What becomes of a task. Pure.
//!
//! Who runs a task holds it (a lock of the database that ends with its process). A task that has begun and
//! that nobody holds was left by a process that ended; it is begun anew, unless that has happened too often.
//! Whatever happened before, following [`next`] comes to an end.

/// The states of a task (TES 1.1, `tesState`) that this service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Queued,
    /// Its files are fetched.
    Initializing,
    /// Its commands run.
    Running,
    /// Its commands have ended well, and what was to be kept is kept.
    Complete,
    /// A command has failed.
    ExecutorError,
    /// Something else has failed.
    SystemError,
    /// It is to end.
    Canceling,
    /// It was ended.
    Canceled,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Queued,
        Self::Initializing,
        Self::Running,
        Self::Complete,
        Self::ExecutorError,
        Self::SystemError,
        Self::Canceling,
        Self::Canceled,
    ];

    /// The word of the standard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Initializing => "INITIALIZING",
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::ExecutorError => "EXECUTOR_ERROR",
            Self::SystemError => "SYSTEM_ERROR",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
        }
    }

    /// The state of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing happens any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::ExecutorError | Self::SystemError | Self::Canceled)
    }
}

/// The states of the standard in which no task of this service ever is; lists may be asked for them.
pub const NEVER: [&str; 3] = ["UNKNOWN", "PAUSED", "PREEMPTED"];

/// How often a task is begun at most.
pub const MOST_ATTEMPTS: i32 = 3;

/// What is done next about a task that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is over.
    Nothing,
    /// It is run.
    Run,
    /// It waits again.
    Requeue,
    /// It has failed: processes that ran it have ended too often.
    GiveUp,
    /// It is canceled.
    Cancel,
}

/// What is done next about a task that nobody holds and that was begun `attempts` times.
pub fn next(state: State, attempts: i32) -> Step {
    match state {
        State::Queued => Step::Run,
        State::Initializing | State::Running if attempts < MOST_ATTEMPTS => Step::Requeue,
        State::Initializing | State::Running => Step::GiveUp,
        State::Canceling => Step::Cancel,
        State::Complete | State::ExecutorError | State::SystemError | State::Canceled => Step::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holding a task and then losing it makes of it, or ending well.
    fn after(state: State, attempts: i32) -> (State, i32) {
        match next(state, attempts) {
            Step::Nothing => (state, attempts),
            // The worst: whoever runs it is killed.
            Step::Run => (State::Running, attempts + 1),
            Step::Requeue => (State::Queued, attempts),
            Step::GiveUp => (State::SystemError, attempts),
            Step::Cancel => (State::Canceled, attempts),
        }
    }

    #[test]
    fn every_task_comes_to_an_end_however_often_processes_are_killed() {
        for state in State::ALL {
            let mut now = (state, 0);
            for _ in 0..10 {
                now = after(now.0, now.1);
            }
            assert!(now.0.is_over(), "{state:?} stays {now:?}");
        }
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        for state in State::ALL.into_iter().filter(|state| state.is_over()) {
            assert_eq!(next(state, 0), Step::Nothing);
        }
    }

    #[test]
    fn words_are_those_of_the_standard() {
        for state in State::ALL {
            assert_eq!(State::of(state.as_str()), Some(state));
            assert!(!NEVER.contains(&state.as_str()));
        }
        assert_eq!(State::of("running"), None);
    }
}
