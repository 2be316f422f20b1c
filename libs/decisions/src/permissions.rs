//! Permissions: pairs of a service and a method, numbered, and sets of them.

use std::collections::HashMap;

/// What matches anything, in a stored permission.
const ANY: &str = "*";

/// All permissions that a role has, in the order in which answers list them; their places are their numbers.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    pairs: Vec<(String, String)>,
    numbers: HashMap<String, HashMap<String, u32>>,
}

impl Permissions {
    /// Numbers `pairs`, which must differ from each other.
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        let mut numbers: HashMap<String, HashMap<String, u32>> = HashMap::new();
        for (number, (service, method)) in (0..).zip(&pairs) {
            numbers.entry(service.clone()).or_default().insert(method.clone(), number);
        }
        Self { pairs, numbers }
    }

    pub(crate) fn number(&self, service: &str, method: &str) -> Option<u32> {
        self.numbers.get(service)?.get(method).copied()
    }

    pub(crate) fn pair(&self, number: u32) -> (&str, &str) {
        let (service, method) = &self.pairs[number as usize];
        (service, method)
    }

    /// Returns the stored permissions that permit `method` of `service`: at most four.
    pub(crate) fn matching(&self, service: &str, method: &str) -> Matching {
        let mut matching = Matching { numbers: [0; 4], count: 0 };
        for stored in [service, ANY] {
            let Some(methods) = self.numbers.get(stored) else { continue };
            for number in [method, ANY].iter().filter_map(|stored| methods.get(*stored)) {
                matching.numbers[matching.count] = *number;
                matching.count += 1;
            }
        }
        matching
    }
}

/// The permissions of which one is enough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matching {
    numbers: [u32; 4],
    count: usize,
}

impl Matching {
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn is_met_by(&self, set: &PermissionSet) -> bool {
        self.numbers[..self.count].iter().any(|number| set.holds(*number))
    }
}

/// A set of permissions: bits, in words that are not zero. Most sets are one word; none needs more memory
/// than its members do, however many permissions there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(Box<[(u32, u64)]>);

impl PermissionSet {
    pub(crate) fn new(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        let mut words: Vec<(u32, u64)> = Vec::new();
        for number in numbers {
            let (place, bit) = (number / 64, 1_u64 << (number % 64));
            match words.last_mut() {
                Some((last, word)) if *last == place => *word |= bit,
                _ => words.push((place, bit)),
            }
        }
        Self(words.into())
    }

    pub(crate) fn holds(&self, number: u32) -> bool {
        let (place, bit) = (number / 64, 1_u64 << (number % 64));
        let word = match &*self.0 {
            [one] => (one.0 == place).then_some(one.1),
            many => many.binary_search_by_key(&place, |(place, _)| *place).ok().map(|at| many[at].1),
        };
        word.is_some_and(|word| word & bit != 0)
    }

    /// Returns the set of what is in either.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut words = Vec::with_capacity(self.0.len().max(other.0.len()));
        loop {
            let next = match (left.peek(), right.peek()) {
                (None, None) => return Self(words.into()),
                (Some((place, _)), None) | (None, Some((place, _))) => *place,
                (Some((one, _)), Some((two, _))) => *one.min(two),
            };
            let mut word = 0;
            for side in [&mut left, &mut right] {
                if let Some((_, more)) = side.next_if(|(place, _)| *place == next) {
                    word |= more;
                }
            }
            words.push((next, word));
        }
    }

    /// Returns the numbers of the permissions, lowest first.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|(place, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| place * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn sets_are_sets(one in vec(0_u32..300, 0..20), two in vec(0_u32..300, 0..20)) {
            let (left, right) = (PermissionSet::new(one.clone()), PermissionSet::new(two.clone()));
            let both = left.with(&right);
            let expected: BTreeSet<u32> = one.iter().chain(&two).copied().collect();
            prop_assert_eq!(both.numbers().collect::<Vec<_>>(), expected.iter().copied().collect::<Vec<_>>());
            for number in 0..300 {
                prop_assert_eq!(both.holds(number), expected.contains(&number));
            }
            prop_assert_eq!(both, PermissionSet::new(expected.into_iter().collect()));
        }
    }

    #[test]
    fn stars_match_anything_and_are_matched_by_stars_only() {
        let pairs = [("s", "m"), ("s", "*"), ("*", "m"), ("*", "*")];
        let all = Permissions::new(pairs.map(|(s, m)| (s.to_owned(), m.to_owned())).to_vec());
        let met = |service, method| {
            let matching = all.matching(service, method);
            (0..4).map(|number| matching.is_met_by(&PermissionSet::new(vec![number]))).collect::<Vec<_>>()
        };
        assert_eq!(met("s", "m"), [true; 4]);
        assert_eq!(met("s", "x"), [false, true, false, true]);
        assert_eq!(met("x", "m"), [false, false, true, true]);
        assert_eq!(met("*", "*"), [false, false, false, true]);
    }
}
