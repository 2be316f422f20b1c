//! Everything that somebody may do, as runs of resources.

use std::collections::{BTreeMap, HashMap};

use crate::{permissions::PermissionSet, structure::Structure, users::Until};

/// Resources in the order of the tree for which the same is permitted. Their paths and tags are in the
/// [`Structure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The number of the first resource.
    pub first: u32,
    /// The number after that of the last one.
    pub end: u32,
    /// The place of what is permitted in [`Reach::sets`].
    pub set: usize,
}

/// Everything that somebody may do to resources that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// In the order of the tree; no resource is in two runs.
    pub runs: Vec<Run>,
    /// Distinct sets of permissions; they may be empty.
    pub sets: Vec<PermissionSet>,
    /// Until when this stays so, if nothing is changed.
    pub until: Until,
}

impl Reach {
    /// Returns what the policies reach, given with the moments at which they end.
    pub(crate) fn of(structure: &Structure, policies: impl Iterator<Item = (i32, Until)>) -> Self {
        let mut until = Until::EVER;
        let mut unions = Unions::default();
        let mut granted: BTreeMap<u32, usize> = BTreeMap::new();
        let mut counted: HashMap<i32, ()> = HashMap::new();
        for (policy, end) in policies {
            until = until.min(end);
            let Some((nodes, set)) = structure.scope(policy) else { continue };
            if counted.insert(policy, ()).is_some() {
                continue;
            }
            let set = unions.number(set.clone());
            for node in nodes {
                let known = granted.get(node).map_or(set, |other| unions.union(*other, set));
                granted.insert(*node, known);
            }
        }
        let mut sweep = Sweep { runs: Vec::new(), open: Vec::new(), at: 0 };
        for (node, set) in granted {
            sweep.advance(node);
            let set = sweep.open.last().map_or(set, |(_, above)| unions.union(*above, set));
            sweep.open.push((structure.below(node).end, set));
            sweep.at = node;
        }
        sweep.advance(u32::MAX);
        Self { runs: sweep.runs, sets: unions.sets, until }
    }
}

/// A walk over the tree with the granted resources above the place where it is.
struct Sweep {
    runs: Vec<Run>,
    /// Where what is below them ends, and what is permitted there. Each lies in the one before it.
    open: Vec<(u32, usize)>,
    at: u32,
}

impl Sweep {
    /// Walks to `limit`, which is not below an open resource only when nothing is open any more.
    fn advance(&mut self, limit: u32) {
        while let Some((end, set)) = self.open.last().copied() {
            let stop = limit.min(end);
            if self.at < stop {
                match self.runs.last_mut() {
                    Some(last) if last.end == self.at && last.set == set => last.end = stop,
                    _ => self.runs.push(Run { first: self.at, end: stop, set }),
                }
                self.at = stop;
            }
            if limit < end {
                return;
            }
            self.open.pop();
        }
    }
}

/// Sets that are unions of others, each made once.
#[derive(Default)]
struct Unions {
    sets: Vec<PermissionSet>,
    numbers: HashMap<PermissionSet, usize>,
    made: HashMap<(usize, usize), usize>,
}

impl Unions {
    fn number(&mut self, set: PermissionSet) -> usize {
        let next = self.sets.len();
        *self.numbers.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            next
        })
    }

    fn union(&mut self, one: usize, two: usize) -> usize {
        if one == two {
            return one;
        }
        if let Some(known) = self.made.get(&(one, two)) {
            return *known;
        }
        let both = self.sets[one].with(&self.sets[two]);
        let number = self.number(both);
        self.made.insert((one, two), number);
        number
    }
}
