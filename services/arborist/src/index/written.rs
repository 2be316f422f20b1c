//! Mappings, made of what somebody reaches.

use authz::{Action, Mapping};
use decisions::{PermissionSet, Reach, Structure};
use serde_json::json;

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
/// somebody who may do everything it is the same for all resources.
pub(crate) fn mapping_json(structure: &Structure, reach: &Reach) -> Vec<u8> {
    let actions = |set: &PermissionSet| -> String {
        let pairs = structure.pairs(set);
        let pairs = pairs.map(|(service, method)| json!({ "service": service, "method": method }));
        pairs.map(|pair| pair.to_string()).collect::<Vec<_>>().join(",")
    };
    let sets: Vec<String> = reach.sets.iter().map(actions).collect();
    let mut text = String::from("{");
    for run in reach.runs.iter().filter(|run| !sets[run.set].is_empty()) {
        for number in run.first..run.end {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&json!(decoded(structure, number)).to_string());
            text.push_str(":[");
            text.push_str(&sets[run.set]);
            text.push(']');
        }
    }
    text.push('}');
    text.into_bytes()
}

fn decoded(structure: &Structure, number: u32) -> String {
    ResourcePath::from_ltree(structure.path(number).to_owned()).decoded()
}
