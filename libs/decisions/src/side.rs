//! Whose policies count: those of a user with its groups, or those of an OAuth client.

use crate::users::{Held, Until};

/// Policies that count together until something ends: the user's own, or those of one of its groups.
struct Source<'a> {
    held: &'a Held,
    until: Until,
}

/// All policies that count for a user, or for a client, at one moment.
pub(crate) struct Side<'a> {
    sources: Vec<Source<'a>>,
    now: i64,
}

impl<'a> Side<'a> {
    pub(crate) fn at(now: i64) -> Self {
        Self { sources: Vec::with_capacity(4), now }
    }

    /// Adds what is held, unless it has ended.
    pub(crate) fn add(&mut self, held: Option<&'a Held>, until: Until) {
        if let Some(held) = held.filter(|_| until.counts_at(self.now)) {
            self.sources.push(Source { held, until });
        }
    }

    /// Returns until when one of `named` counts here that is `wanted`: the first that is found. Both lists
    /// are in order, and the shorter one is walked.
    pub(crate) fn find(&self, named: &[(i32, u32)], wanted: impl Fn(i32, u32) -> bool) -> Option<Until> {
        self.sources.iter().find_map(|source| {
            if meet(named, &source.held.lasting, |key| *key, |_| true, &wanted).is_some() {
                return Some(source.until);
            }
            let counts = |held: &(i32, Until)| held.1.counts_at(self.now);
            let held = meet(named, &source.held.passing, |held| held.0, counts, &wanted);
            held.map(|(_, until)| source.until.min(*until))
        })
    }

    /// Returns every policy that counts, some perhaps twice, and until when.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (i32, Until)> {
        self.sources.iter().flat_map(|source| {
            let lasting = source.held.lasting.iter().map(|policy| (*policy, source.until));
            let passing =
                source.held.passing.iter().map(|(policy, until)| (*policy, source.until.min(*until)));
            lasting.chain(passing).filter(|(_, until)| until.counts_at(self.now))
        })
    }
}

/// Returns the first of `held` that `counts`, is in `named` and is `wanted` there. Both are in the order of
/// their keys.
fn meet<'a, T>(
    named: &[(i32, u32)],
    held: &'a [T],
    key: impl Fn(&T) -> i32,
    counts: impl Fn(&T) -> bool,
    wanted: impl Fn(i32, u32) -> bool,
) -> Option<&'a T> {
    if named.len() <= held.len() {
        let wanted = named.iter().filter(|(policy, set)| wanted(*policy, *set));
        let mut found = wanted.filter_map(|(policy, _)| held.binary_search_by_key(policy, &key).ok());
        found.find(|at| counts(&held[*at])).map(|at| &held[at])
    } else {
        held.iter().find(|held| {
            let at = named.binary_search_by_key(&key(held), |(policy, _)| *policy);
            at.is_ok_and(|at| wanted(named[at].0, named[at].1) && counts(held))
        })
    }
}
