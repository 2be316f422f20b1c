//! The paths that a `with_path_to` takes (peregrine 3.2.6).
//!
//! From the start, every link is followed to types that the path has not visited. A path may end anywhere,
//! but goes on only in one direction of the category levels, and not beyond some links. There can be hundreds
//! of paths between two types; they share most of their ends, so they are kept as a graph of shared ends,
//! whose size is the number of SQL steps that following all of them at once takes.

use std::collections::{HashMap, HashSet};

use super::model::{NodeTypes, TypeId};

/// Links beyond which no path goes.
const LAST_LINKS: [&str; 7] = [
    "annotations",
    "centers",
    "archives",
    "tissue_source_sites",
    "files",
    "related_files",
    "describing_files",
];
/// The search gives up after this many steps: no dictionary that people made needs as many.
const MOST_TRIED: usize = 1_000_000;

/// All paths between two types. Position 0 is the destination; each state leads to states before it; the last
/// state is the start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) states: Vec<Vec<Step>>,
}

/// Leads through an edge table to another state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) edge: String,
    /// The column with the id of the node at hand.
    pub(crate) near: &'static str,
    /// The column with the id of the node that it leads to.
    pub(crate) far: &'static str,
    /// The state that it leads to.
    pub(crate) to: usize,
}

fn level(category: &str) -> u8 {
    match category {
        "administrative" => 0,
        "biospecimen" | "clinical" => 1,
        "data_file" => 3,
        _ => 4,
    }
}

impl Paths {
    pub(crate) fn find(types: &NodeTypes, from: TypeId, to: TypeId) -> Option<Self> {
        let mut search = Search {
            types,
            to,
            first: level(&types[from].category),
            visited: HashSet::from([from]),
            states: vec![Vec::new()],
            known: HashMap::new(),
            tried: 0,
        };
        let start = search.steps(from);
        if start.is_empty() {
            return None;
        }
        search.states.push(start);
        Some(Self { states: search.states })
    }
}

struct Search<'t> {
    types: &'t NodeTypes,
    to: TypeId,
    first: u8,
    visited: HashSet<TypeId>,
    states: Vec<Vec<Step>>,
    /// States by their steps, so that equal ends of paths are one state.
    known: HashMap<Vec<Step>, usize>,
    tried: usize,
}

impl Search<'_> {
    /// The steps from a type that is on the path already.
    fn steps(&mut self, at: TypeId) -> Vec<Step> {
        let types = self.types;
        let mut steps = Vec::new();
        for (name, link) in &types[at].links {
            self.tried += 1;
            if self.visited.contains(&link.target) || self.tried > MOST_TRIED {
                continue;
            }
            let reached = if link.target == self.to {
                Some(0)
            } else if self.goes_on(at, name, link.target) {
                self.state(link.target)
            } else {
                None
            };
            let step = |to| Step { edge: link.edge.clone(), near: link.near(), far: link.far(), to };
            steps.extend(reached.map(step));
        }
        steps.sort();
        steps.dedup();
        steps
    }

    fn goes_on(&self, at: TypeId, link: &str, target: TypeId) -> bool {
        let (last, this) = (level(&self.types[at].category), level(&self.types[target].category));
        let right_direction = if self.first > last { this <= last } else { this >= last };
        right_direction && !LAST_LINKS.contains(&link)
    }

    fn state(&mut self, at: TypeId) -> Option<usize> {
        self.visited.insert(at);
        let steps = self.steps(at);
        self.visited.remove(&at);
        if steps.is_empty() {
            return None;
        }
        if let Some(known) = self.known.get(&steps) {
            return Some(*known);
        }
        self.states.push(steps.clone());
        self.known.insert(steps, self.states.len() - 1);
        Some(self.states.len() - 1)
    }
}
