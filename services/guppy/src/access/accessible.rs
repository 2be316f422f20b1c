//! What a caller may read, as arborist says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use authz::{Authz, Mapping, Subject};
use search::Scalar;

/// The resources that a caller may read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accessible(pub(super) Arc<[Scalar]>);

const SERVICE: &str = "guppy";
const METHOD: &str = "read";

impl Accessible {
    /// The resources of a mapping on which guppy may read. Paths are compared as they are: what is below one
    /// of them is in the mapping itself.
    pub(crate) fn of(mapping: &Mapping) -> Self {
        let may_read = mapping.iter().filter(|(_, actions)| {
            actions.iter().any(|action| {
                matches!(action.service.as_str(), SERVICE | "*")
                    && matches!(action.method.as_str(), METHOD | "*")
            })
        });
        Self(may_read.map(|(path, _)| Scalar::Text(path.clone())).collect())
    }
}

/// Whether a mapping lets the caller read all mappings of indices anew.
pub(crate) fn may_refresh(mapping: &Mapping) -> bool {
    let actions = mapping.get("/guppy_admin").map(Vec::as_slice).unwrap_or_default();
    actions
        .iter()
        .any(|action| action.service == SERVICE && matches!(action.method.as_str(), "admin_access" | "*"))
}

/// An answer of arborist is repeated for this long.
const LIFETIME: Duration = Duration::from_secs(1);
/// Answers that are kept.
const MOST: usize = 1_000;

/// What callers were told a moment ago, so that a page of many requests asks once.
#[derive(Debug, Default)]
pub(crate) struct Known {
    accessible: Answers<Accessible>,
    names: Answers<Option<String>>,
}

impl Known {
    /// What `subject` may read: nothing, if arborist gives no answer or refuses the token.
    pub(crate) async fn of(&self, authz: &dyn Authz, subject: &Subject) -> Arc<Accessible> {
        let asked = Instant::now();
        if let Some(known) = self.accessible.get(subject, asked) {
            return known;
        }
        match authz.mapping(subject).await {
            Ok(mapping) => self.accessible.keep(subject, asked, Accessible::of(&mapping)),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nobody says what the caller may read, so it is nothing"
                );
                Arc::default()
            }
        }
    }

    /// The user's name, if arborist takes the token.
    pub(crate) async fn name_of(&self, authz: &dyn Authz, subject: &Subject) -> Arc<Option<String>> {
        if *subject == Subject::Anonymous {
            return Arc::default();
        }
        let asked = Instant::now();
        if let Some(known) = self.names.get(subject, asked) {
            return known;
        }
        self.names.keep(subject, asked, authz.user_name(subject).await.ok().flatten())
    }
}

/// What was said to whom, and until when it is repeated.
#[derive(Debug)]
struct Answers<T>(Mutex<HashMap<Subject, (Instant, Arc<T>)>>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Answers<T> {
    fn get(&self, subject: &Subject, now: Instant) -> Option<Arc<T>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, answer) = answers.get(subject)?;
        (now < *until).then(|| answer.clone())
    }

    fn keep(&self, subject: &Subject, asked: Instant, answer: T) -> Arc<T> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.retain(|_, (until, _)| asked < *until);
            if answers.len() >= MOST {
                answers.clear();
            }
        }
        let answer = Arc::new(answer);
        answers.insert(subject.clone(), (asked + LIFETIME, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use authz::Action;

    use super::*;

    fn mapping(entries: &[(&str, &str, &str)]) -> Mapping {
        let mut mapping = Mapping::new();
        for (path, service, method) in entries {
            let action = Action { service: (*service).to_owned(), method: (*method).to_owned() };
            mapping.entry((*path).to_owned()).or_default().push(action);
        }
        mapping
    }

    #[test]
    fn a_resource_counts_if_guppy_or_every_service_may_read_it() {
        let entries = [
            ("/a", "guppy", "read"),
            ("/b", "*", "*"),
            ("/c", "guppy", "create"),
            ("/d", "peregrine", "read"),
            ("/e", "*", "read"),
        ];
        let accessible = Accessible::of(&mapping(&entries));
        assert_eq!(*accessible.0, ["/a", "/b", "/e"].map(Scalar::from));
    }

    #[test]
    fn refreshing_needs_just_this_right() {
        let may = |entry| may_refresh(&mapping(&[entry]));
        assert!(may(("/guppy_admin", "guppy", "admin_access")) && may(("/guppy_admin", "guppy", "*")));
        assert!(!may(("/guppy_admin", "*", "admin_access")) && !may(("/guppy_admin", "guppy", "read")));
        assert!(!may(("/guppy_admin/x", "guppy", "*")));
    }
}
