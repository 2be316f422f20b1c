//! Answers of an arborist elsewhere that are repeated for a moment.
//!
//! Only a "yes" is kept, and never past the moment that arborist names, which is no later than the end of the
//! grant. A "no" is asked for again each time, so that a new grant counts at once. A moment is counted from
//! when the question was sent: the answer may have been on its way for long.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Request, Subject};

/// With this header arborist says for how many milliseconds a "yes" may be repeated.
pub const REPEATABLE_HEADER: &str = "x-authz-repeatable-ms";

/// Whatever arborist says, a "yes" is not repeated for longer.
const LONGEST: Duration = Duration::from_secs(1);
/// Most answers that are kept.
const MOST: usize = 10_000;
/// Longer lists of requests are not kept.
const MOST_REQUESTS: usize = 32;

type Question = (Subject, Vec<Request>);

/// The answers that may be repeated, and until when.
#[derive(Debug, Default)]
pub(crate) struct Repeated(Mutex<HashMap<Question, Instant>>);

impl Repeated {
    /// Whether `subject` was permitted all of `requests` a moment ago.
    pub(crate) fn permits(&self, question: &Question, now: Instant) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(question).is_some_and(|until| now < *until)
    }

    /// Keeps a "yes" for `repeatable` after `sent`.
    pub(crate) fn keep(&self, question: Question, sent: Instant, repeatable: Duration) {
        let lifetime = repeatable.min(LONGEST).min(left_of(&question.0));
        if lifetime.is_zero() || question.1.len() > MOST_REQUESTS {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            let now = Instant::now();
            kept.retain(|_, until| now < *until);
            if kept.len() >= MOST {
                kept.clear();
            }
        }
        kept.insert(question, sent + lifetime);
    }
}

/// How long the subject speaks for whom it does: arborist, which has just said yes, has verified the token.
fn left_of(subject: &Subject) -> Duration {
    let Subject::Token(token) = subject else { return LONGEST };
    let claims: Option<tokens::Claims> = tokens::unverified(token);
    let end = claims.and_then(|claims| u64::try_from(claims.exp).ok()).unwrap_or_default();
    (UNIX_EPOCH + Duration::from_secs(end)).duration_since(SystemTime::now()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str) -> Question {
        (Subject::User(name.into()), vec![Request::new("/a", "s", "m")])
    }

    #[test]
    fn a_yes_lives_from_when_it_was_asked_for_and_a_second_at_most() {
        let repeated = Repeated::default();
        let sent = Instant::now();
        repeated.keep(question("ada"), sent, Duration::from_secs(3600));
        assert!(repeated.permits(&question("ada"), sent + Duration::from_millis(999)));
        assert!(!repeated.permits(&question("ada"), sent + Duration::from_secs(1)));
        assert!(!repeated.permits(&question("eve"), sent));
        repeated.keep(question("bob"), sent, Duration::ZERO);
        assert!(!repeated.permits(&question("bob"), sent));
    }

    #[test]
    fn what_is_kept_has_a_limit() {
        let repeated = Repeated::default();
        let sent = Instant::now() + Duration::from_secs(60);
        for number in 0..=MOST {
            repeated.keep(question(&number.to_string()), sent, LONGEST);
        }
        assert!(repeated.0.lock().unwrap().len() <= MOST);
        let many = (Subject::Anonymous, vec![Request::new("/a", "s", "m"); MOST_REQUESTS + 1]);
        repeated.keep(many.clone(), sent, LONGEST);
        assert!(!repeated.permits(&many, sent));
    }

    #[test]
    fn an_answer_about_a_token_that_nobody_can_read_is_not_kept() {
        let repeated = Repeated::default();
        let of_token = (Subject::Token("garbage".into()), vec![Request::new("/a", "s", "m")]);
        repeated.keep(of_token.clone(), Instant::now(), LONGEST);
        assert!(!repeated.permits(&of_token, Instant::now()));
    }
}
