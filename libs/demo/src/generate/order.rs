//! The order of the types, in which the targets of a record's links come before the record.

use std::collections::HashSet;

use dictionary::{Dictionary, NodeType};

/// The types of a study's records, parents first; among equals those without files first, then in the order
/// of the dictionary. `program` and `project` are made separately, internal types not at all.
pub(super) fn order(dictionary: &Dictionary) -> Vec<&NodeType> {
    let mut waiting: Vec<&NodeType> = dictionary.nodes.values().filter(|node| has_records(node)).collect();
    let mut placed: HashSet<&str> = HashSet::new();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let ready = next(&waiting, &placed, |_| true)
            // A circle: optional links cannot hold it up.
            .or_else(|| next(&waiting, &placed, |required| required));
        let node = waiting.remove(ready.unwrap_or(0));
        placed.insert(&node.id);
        ordered.push(node);
    }
    ordered
}

/// Whether a project has records of this type. Types with unusable names have none.
pub(super) fn has_records(node: &NodeType) -> bool {
    let named = node.properties.contains_key("submitter_id") && node.properties.contains_key("project_id");
    named && !node.category.is_internal() && !matches!(node.id.as_str(), "program" | "project")
}

/// The first type whose relevant links all point to types that are placed, or at least not to waiting ones.
fn next(waiting: &[&NodeType], placed: &HashSet<&str>, counts: impl Fn(bool) -> bool) -> Option<usize> {
    let waits_for = |target: &str| !placed.contains(target) && waiting.iter().any(|node| node.id == target);
    let is_ready = |node: &NodeType| {
        let mut links = node.all_links().into_iter();
        links.all(|link| {
            !counts(link.required) || link.target_type == node.id || !waits_for(&link.target_type)
        })
    };
    let ready =
        |file: bool| waiting.iter().position(|node| node.category.is_file() == file && is_ready(node));
    ready(false).or_else(|| ready(true))
}
