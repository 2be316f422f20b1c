//! Compares two versions of a dictionary: what is different, and whom it affects.

mod change;
mod links;
mod node;
mod property;

pub use change::{Change, ChangeKind, Impact};
pub use links::LinkRules;

use std::collections::HashSet;

use change::Changes;

use crate::{Dictionary, NodeType};

/// Two types that share this part of their properties may be one that was renamed.
const ALIKE: f64 = 0.8;

/// All differences from `old` to `new`, in the order of the old dictionary, new node types last. Titles,
/// descriptions and terms do not count.
pub fn compare(old: &Dictionary, new: &Dictionary) -> Vec<Change> {
    let mut changes = Vec::new();
    for before in old.nodes.values() {
        let mut found = Changes { node: &before.id, list: Vec::new() };
        match new.nodes.get(&before.id) {
            Some(after) => node::compare(before, after, &mut found),
            None => removed(before, old, new, &mut found),
        }
        changes.append(&mut found.list);
    }
    for after in new.nodes.values().filter(|after| !old.nodes.contains_key(&after.id)) {
        let mut found = Changes { node: &after.id, list: Vec::new() };
        found.compatible(None, ChangeKind::NodeAdded, "this node type is new");
        changes.append(&mut found.list);
    }
    changes
}

/// Node types of both dictionaries whose records may break the new one.
pub fn changed_types<'d>(changes: &[Change], new: &'d Dictionary) -> Vec<&'d NodeType> {
    let hurt: HashSet<&str> = changes
        .iter()
        .filter(|change| change.impact.contains(&Impact::StoredRecords))
        .map(|change| change.node.as_str())
        .collect();
    new.nodes.values().filter(|node| hurt.contains(node.id.as_str())).collect()
}

fn removed(before: &NodeType, old: &Dictionary, new: &Dictionary, found: &mut Changes<'_>) {
    let is_new = |node: &&NodeType| !old.nodes.contains_key(&node.id);
    let alike = new.nodes.values().filter(is_new).map(|node| (node, likeness(before, node)));
    let best = alike.filter(|(_, likeness)| *likeness >= ALIKE).max_by(|a, b| a.1.total_cmp(&b.1));
    let remedy = match best {
        Some((renamed, _)) => format!(
            "It looks as if it were renamed to {new}: records do not move by themselves. Export them, submit \
             them as {new}, delete the old ones; or keep the name",
            new = renamed.id
        ),
        None => "Keep the node type while there are records; or export and delete them first".to_owned(),
    };
    let message = "this node type is gone; its table and records stay, but nobody sees them";
    let impact = [Impact::Submissions, Impact::Queries, Impact::Access];
    found.add(None, ChangeKind::NodeRemoved, &impact, message, remedy);
}

/// The share of properties that two types have in common.
fn likeness(a: &NodeType, b: &NodeType) -> f64 {
    let common = a.properties.keys().filter(|name| b.properties.contains_key(*name)).count();
    let all = a.properties.len() + b.properties.len() - common;
    common as f64 / all.max(1) as f64
}
