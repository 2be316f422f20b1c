//! Mappings, made of what somebody reaches.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use authz::{Action, Mapping};
use decisions::{PermissionSet, Reach, Structure};
use serde::Serialize;
use serde_json::Value;

use crate::path::ResourcePath;

/// Returns the mapping as a value.
pub(crate) fn mapping(structure: &Structure, reach: &Reach) -> Mapping {
    let actions = |set: &PermissionSet| -> Vec<Action> {
        let pairs = structure.pairs(set);
        pairs.map(|(service, method)| Action { service: service.into(), method: method.into() }).collect()
    };
    let sets: Vec<Vec<Action>> = reach.sets.iter().map(actions).collect();
    let mut mapping = Mapping::new();
    for run in reach.runs.iter().filter(|run| !sets[run.set].is_empty()) {
        for number in run.first..run.end {
            mapping.insert(decoded(structure, number), sets[run.set].clone());
        }
    }
    mapping
}

/// Returns the mapping as JSON. What is permitted is written once for each distinct set, and copied: for
/// somebody who may do everything it is the same for all resources, and many users have sets in common.
pub(crate) fn mapping_json(structure: &Structure, names: &Names, reach: &Reach) -> Vec<u8> {
    let sets = names.actions(structure, &reach.sets);
    let runs = || reach.runs.iter().filter(|run| !sets[run.set].is_empty());
    let length = runs().map(|run| {
        let each = sets[run.set].len() + 2;
        names.of(run.first..run.end).len() + each * (run.end - run.first) as usize
    });
    let mut text = Vec::with_capacity(length.sum::<usize>() + 2);
    text.push(b'{');
    for run in runs() {
        for number in run.first..run.end {
            if text.len() > 1 {
                text.push(b',');
            }
            text.extend_from_slice(names.of(number..number + 1).as_bytes());
            text.extend_from_slice(&sets[run.set]);
            text.push(b']');
        }
    }
    text.push(b'}');
    text
}

/// Returns the actions of a set as the elements of a list.
fn actions_json(structure: &Structure, set: &PermissionSet) -> Vec<u8> {
    #[derive(Serialize)]
    struct Pair<'a> {
        service: &'a str,
        method: &'a str,
    }
    let mut text = Vec::new();
    for (service, method) in structure.pairs(set) {
        if !text.is_empty() {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &Pair { service, method })
            .expect("invariant: strings can be written into a vector");
    }
    text
}

/// Most sets of permissions that are kept as they are written.
const MOST_SETS: usize = 4_096;

/// The resources of a structure as mappings name them, written once for all mappings: `"/programs/A":[`.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// Sets of the same structure's permissions, as the elements of a list.
    sets: Mutex<HashMap<PermissionSet, Arc<[u8]>>>,
}

impl Names {
    pub(crate) fn new(structure: &Structure) -> Self {
        let mut names = Self::default();
        for number in 0..u32::try_from(structure.resources()).unwrap_or(u32::MAX) {
            names.text.push_str(&Value::String(decoded(structure, number)).to_string());
            names.text.push_str(":[");
            names.ends.push(names.text.len());
        }
        names.text.shrink_to_fit();
        names
    }

    /// Returns the names of these resources, one after the other.
    fn of(&self, numbers: Range<u32>) -> &str {
        let end = |count: u32| count.checked_sub(1).map_or(0, |last| self.ends[last as usize]);
        &self.text[end(numbers.start)..end(numbers.end)]
    }

    /// Returns `sets` of the permissions of `structure`, which is the one that was named, each as the
    /// elements of a list.
    fn actions(&self, structure: &Structure, sets: &[PermissionSet]) -> Vec<Arc<[u8]>> {
        let mut known = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = Vec::with_capacity(sets.len());
        for set in sets {
            if let Some(text) = known.get(set) {
                written.push(text.clone());
                continue;
            }
            let text: Arc<[u8]> = actions_json(structure, set).into();
            if known.len() < MOST_SETS {
                known.insert(set.clone(), text.clone());
            }
            written.push(text);
        }
        written
    }

    /// Whether two resources are written alike although they are two: another program has spelled one of them
    /// as we would not.
    pub(crate) fn are_ambiguous(&self) -> bool {
        let mut seen = HashSet::new();
        let numbers = 0..u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        numbers.map(|number| self.of(number..number + 1)).any(|name| !seen.insert(name))
    }
}

fn decoded(structure: &Structure, number: u32) -> String {
    ResourcePath::from_ltree(structure.path(number).to_owned()).decoded()
}
