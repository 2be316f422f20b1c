//! What a workspace is, and what has to be done about it. Pure.
//!
//! The wish stands in the database ([`Phase`]); what is so is seen ([`Seen`]). From both follow what users
//! are told ([`status`]) and what is done next ([`next`]). Whatever happened before, following [`next`] comes
//! to an end in which either the workspace runs, or nothing of it is left: no program, no key, no row.

use std::time::Duration;

use executor::Seen;

/// What is wished of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Somebody is starting it at this moment, or was when their process ended.
    Launching,
    /// It was started.
    Running,
    /// It is to be removed.
    Ending,
}

impl Phase {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Launching => "launching",
            Self::Running => "running",
            Self::Ending => "ending",
        }
    }

    /// What was stored.
    pub fn of(text: &str) -> Option<Self> {
        [Self::Launching, Self::Running, Self::Ending].into_iter().find(|phase| phase.as_str() == text)
    }
}

/// What users are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// There is none.
    NotFound,
    /// It does not answer yet.
    Launching,
    /// It answers.
    Running,
    /// It is being removed.
    Terminating,
    /// Its program has ended.
    Stopped,
}

impl Status {
    /// The word that clients know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::Launching => "Launching",
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Stopped => "Stopped",
        }
    }
}

/// What users are told of a workspace of which this is wished and seen.
pub fn status(wished: Option<Phase>, seen: &Seen) -> Status {
    match (wished, seen) {
        (None, _) | (Some(Phase::Running), Seen::Absent) => Status::NotFound,
        (Some(Phase::Launching), _) | (Some(Phase::Running), Seen::Starting { .. }) => Status::Launching,
        (Some(Phase::Ending), _) | (Some(Phase::Running), Seen::Leaving) => Status::Terminating,
        (Some(Phase::Running), Seen::Ready) => Status::Running,
        (Some(Phase::Running), Seen::Ended) => Status::Stopped,
    }
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is as it should be, or somebody has to be waited for.
    Nothing,
    /// The wish becomes [`Phase::Ending`].
    End,
    /// Its API key is taken back.
    TakeKeyBack,
    /// Its program is removed.
    Remove,
    /// Its row is deleted.
    Forget,
}

/// What is known of a workspace beside what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What is wished.
    pub phase: Phase,
    /// How long ago its API key was taken back, if it was.
    pub key_taken_back: Option<Duration>,
    /// How long it has not been used, if it says so.
    pub idle: Option<Duration>,
}

/// How long something may last; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Without use.
    pub idle: Option<Duration>,
    /// As an ended program.
    pub stopped: Duration,
}

/// What is done next about a workspace on which nobody else works.
pub fn next(known: Known, seen: &Seen, allowed: Allowed) -> Step {
    match (known.phase, seen) {
        // Whoever was starting it is gone.
        (Phase::Launching, _) => Step::End,
        (Phase::Ending, _) if known.key_taken_back.is_none() => Step::TakeKeyBack,
        (Phase::Ending, Seen::Absent) => Step::Forget,
        (Phase::Ending, Seen::Leaving) => Step::Nothing,
        (Phase::Ending, _) => Step::Remove,
        (Phase::Running, Seen::Absent | Seen::Leaving) => Step::End,
        (Phase::Running, Seen::Ended) => match known.key_taken_back {
            None => Step::TakeKeyBack,
            Some(since) if since >= allowed.stopped => Step::End,
            Some(_) => Step::Nothing,
        },
        (Phase::Running, Seen::Ready) => match (known.idle, allowed.idle) {
            (Some(idle), Some(most)) if idle >= most => Step::End,
            _ => Step::Nothing,
        },
        (Phase::Running, Seen::Starting { .. }) => Step::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed =
        Allowed { idle: Some(Duration::from_secs(60)), stopped: Duration::from_secs(600) };
    const PHASES: [Phase; 3] = [Phase::Launching, Phase::Running, Phase::Ending];

    fn all_seen() -> [Seen; 5] {
        let starting = Seen::Starting { conditions: Vec::new(), containers: Vec::new() };
        [Seen::Absent, starting, Seen::Ready, Seen::Ended, Seen::Leaving]
    }

    fn known(phase: Phase) -> Known {
        Known { phase, key_taken_back: None, idle: None }
    }

    /// A world in which each step does what it says, and a removed program takes a while to go.
    fn settled(mut known: Known, mut seen: Seen) -> (Option<Known>, Seen, u32) {
        for steps in 0..20 {
            match next(known, &seen, ALLOWED) {
                Step::Nothing if seen == Seen::Leaving => seen = Seen::Absent,
                Step::Nothing => return (Some(known), seen, steps),
                Step::End => known.phase = Phase::Ending,
                Step::TakeKeyBack => known.key_taken_back = Some(Duration::ZERO),
                Step::Remove => seen = Seen::Leaving,
                Step::Forget => {
                    assert!(known.key_taken_back.is_some(), "the key lives");
                    return (None, seen, steps);
                }
            }
        }
        panic!("it comes to no end: {known:?} {seen:?}")
    }

    #[test]
    fn from_everywhere_it_runs_in_the_end_or_nothing_is_left() {
        for phase in PHASES {
            for seen in all_seen() {
                let (row, left, _) = settled(known(phase), seen.clone());
                match (phase, &seen) {
                    (Phase::Running, Seen::Starting { .. } | Seen::Ready) => {
                        assert_eq!((row, left), (Some(known(phase)), seen));
                    }
                    // It is shown as stopped, without its key.
                    (Phase::Running, Seen::Ended) => assert!(row.unwrap().key_taken_back.is_some()),
                    _ => assert_eq!((row, left), (None, Seen::Absent), "{phase:?} {seen:?}"),
                }
            }
        }
    }

    #[test]
    fn an_unused_workspace_ends_and_a_used_one_does_not() {
        let idle = |seconds| Known { idle: Some(Duration::from_secs(seconds)), ..known(Phase::Running) };
        assert_eq!(next(idle(59), &Seen::Ready, ALLOWED), Step::Nothing);
        assert_eq!(next(idle(60), &Seen::Ready, ALLOWED), Step::End);
        let never = Allowed { idle: None, ..ALLOWED };
        assert_eq!(next(idle(6_000), &Seen::Ready, never), Step::Nothing);
        assert_eq!(settled(idle(60), Seen::Ready).0, None);
    }

    #[test]
    fn a_stopped_one_is_shown_for_a_while() {
        let since = |seconds| Some(Duration::from_secs(seconds));
        let stopped = |seconds| Known { key_taken_back: since(seconds), ..known(Phase::Running) };
        assert_eq!(next(stopped(599), &Seen::Ended, ALLOWED), Step::Nothing);
        assert_eq!(settled(stopped(600), Seen::Ended).0, None);
    }

    #[test]
    fn users_are_told_the_words_that_clients_know() {
        let words = |phase: Option<Phase>| all_seen().map(|seen| status(phase, &seen).as_str());
        assert_eq!(words(None), ["Not Found"; 5]);
        assert_eq!(words(Some(Phase::Launching)), ["Launching"; 5]);
        let running = ["Not Found", "Launching", "Running", "Stopped", "Terminating"];
        assert_eq!(words(Some(Phase::Running)), running);
        assert_eq!(words(Some(Phase::Ending)), ["Terminating"; 5]);
    }
}
