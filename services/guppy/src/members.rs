//! The members of a set: identifiers, each once, ascending by their bytes. Pure.

use std::cmp::Ordering;

use serde_json::Value;

/// Members that a set may have: as many as a filter may have values.
pub(crate) const MOST: usize = 1_000_000;
/// Bytes of all members of a set. Servers take 100 MB in one request.
pub(crate) const MOST_BYTES: usize = 48 << 20;
/// Bytes of a member.
const LONGEST: usize = 1_024;

/// Why there is no such set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MembersError {
    #[error("a set has at most {MOST} members, and {MOST_BYTES} bytes in them")]
    TooMany,
    #[error("the member {0} has more than {LONGEST} bytes")]
    TooLong(usize),
    #[error("the member {0} has a NUL character, which no identifier has")]
    Nul(usize),
    #[error("the member {0} is neither a text nor a number")]
    NoText(usize),
}

/// Members, checked and in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members(Vec<String>);

/// Two sets become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joining {
    Union,
    Intersection,
    /// What is in the first and not in the second.
    Difference,
}

impl Members {
    /// The members of a list, whose first is member 0, as they are.
    ///
    /// # Errors
    /// [`MembersError`].
    pub(crate) fn new(texts: Vec<String>) -> Result<Self, MembersError> {
        if let Some(place) = texts.iter().position(|text| text.len() > LONGEST) {
            return Err(MembersError::TooLong(place));
        }
        if let Some(place) = texts.iter().position(|text| text.contains('\0')) {
            return Err(MembersError::Nul(place));
        }
        let mut members = texts;
        members.sort_unstable();
        members.dedup();
        Self::limited(members)
    }

    /// Those of a JSON list of texts and numbers.
    ///
    /// # Errors
    /// [`MembersError`].
    pub(crate) fn of_json(list: Vec<Value>) -> Result<Self, MembersError> {
        let text = |(place, value): (usize, Value)| match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(MembersError::NoText(place)),
        };
        Self::new(list.into_iter().enumerate().map(text).collect::<Result<_, _>>()?)
    }

    /// Those of a text with one in each line. Blank lines are left out, and blanks around members.
    ///
    /// # Errors
    /// [`MembersError`].
    pub(crate) fn of_lines(text: &str) -> Result<Self, MembersError> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        Self::new(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// What was stored, which is in order.
    pub(crate) fn stored(members: Vec<String>) -> Self {
        Self(members)
    }

    fn limited(members: Vec<String>) -> Result<Self, MembersError> {
        let members = Self(members);
        if members.0.len() > MOST || members.bytes() > MOST_BYTES {
            return Err(MembersError::TooMany);
        }
        Ok(members)
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Bytes of all members.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(String::len).sum()
    }

    /// Those that are in it and not in the other.
    pub(crate) fn without(&self, other: &Self) -> Vec<&str> {
        let mut left = Vec::new();
        let mut others = other.0.iter().peekable();
        for member in &self.0 {
            while others.next_if(|other| *other < member).is_some() {}
            if others.peek() != Some(&member) {
                left.push(member.as_str());
            }
        }
        left
    }

    /// One set of two.
    ///
    /// # Errors
    /// [`MembersError::TooMany`].
    pub(crate) fn joined(self, joining: Joining, other: Self) -> Result<Self, MembersError> {
        let mut joined = Vec::new();
        let (mut own, mut others) = (self.0.into_iter().peekable(), other.0.into_iter().peekable());
        loop {
            let order = match (own.peek(), others.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(two)) => one.cmp(two),
            };
            let first = if order.is_le() { own.next() } else { None };
            let second = if order.is_ge() { others.next() } else { None };
            joined.extend(match (joining, first, second) {
                (Joining::Union, first, second) => first.or(second),
                (Joining::Intersection, Some(both), Some(_)) => Some(both),
                (Joining::Difference, Some(alone), None) => Some(alone),
                _ => None,
            });
        }
        Self::limited(joined)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn members(texts: &[&str]) -> Members {
        Members::new(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap()
    }

    #[test]
    fn lines_and_lists_become_members() {
        let read = Members::of_lines("\u{feff}b\r\n a \n\nb\nc").unwrap();
        assert_eq!(read, members(&["a", "b", "c"]));
        assert_eq!(
            Members::of_json(vec![json!("b"), json!(7), json!(" b")]).unwrap(),
            members(&[" b", "7", "b"])
        );
        assert_eq!(Members::of_json(vec![json!("b"), json!(null)]), Err(MembersError::NoText(1)));
        assert_eq!(Members::of_lines(&"x".repeat(LONGEST + 1)), Err(MembersError::TooLong(0)));
        assert_eq!(Members::of_lines("a\n\0"), Err(MembersError::Nul(1)));
        assert_eq!((read.bytes(), read.without(&members(&["b", "d"]))), (3, vec!["a", "c"]));
    }

    #[test]
    fn a_set_has_limits() {
        let many = |count: usize| Members::new((0..count).map(|number| number.to_string()).collect());
        assert!(many(MOST).is_ok());
        assert_eq!(many(MOST + 1), Err(MembersError::TooMany));
        let long = (0..MOST_BYTES / 1_000 + 1).map(|number| format!("{number:01000}"));
        assert_eq!(Members::new(long.collect()), Err(MembersError::TooMany));
        let half: Vec<_> = (0..MOST).map(|number| format!("a{number}")).collect();
        let half = Members::new(half).unwrap();
        assert_eq!(many(2).unwrap().joined(Joining::Union, half), Err(MembersError::TooMany));
    }

    proptest! {
        #[test]
        fn two_sets_are_joined_as_sets_are(one: BTreeSet<u8>, two: BTreeSet<u8>) {
            let of = |set: &mut dyn Iterator<Item = &u8>| {
                Members::new(set.map(|number| format!("x{number}")).collect()).unwrap()
            };
            let (a, b) = (of(&mut one.iter()), of(&mut two.iter()));
            for (joining, expected) in [
                (Joining::Union, of(&mut one.union(&two))),
                (Joining::Intersection, of(&mut one.intersection(&two))),
                (Joining::Difference, of(&mut one.difference(&two))),
            ] {
                prop_assert_eq!(a.clone().joined(joining, b.clone()).unwrap(), expected);
            }
            prop_assert_eq!(a.without(&b).len(), one.difference(&two).count());
        }
    }
}
