//! Compares two versions of a node type.

use super::{
    change::{ChangeKind, Changes, Impact, STRICTER, listed},
    links, property,
};
use crate::{NodeType, draft4::keywords_only};

pub(super) fn compare(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    category(old, new, changes);
    additional(old, new, changes);
    removed_properties(old, new, changes);
    for after in new.properties.values().filter(|property| !is_link(old, new, &property.name)) {
        match old.properties.get(&after.name) {
            Some(before) => property::compare(&after.name, before, after, changes),
            None => added_property(&after.name, old, changes),
        }
    }
    required(old, new, changes);
    system_properties(old, new, changes);
    unique_keys(old, new, changes);
    links::compare(old, new, changes);
}

fn is_link(old: &NodeType, new: &NodeType, name: &str) -> bool {
    old.is_link(name) || new.is_link(name)
}

fn category(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    let (before, after) = (&old.category, &new.category);
    if before == after {
        return;
    }
    let mut impact = Vec::new();
    let mut message = format!("the category is {} instead of {}", after.0, before.0);
    if after.is_file() != before.is_file() {
        impact.extend([Impact::Submissions, Impact::Queries]);
        let word =
            if after.is_file() { "are now files, which" } else { "are not files any more, and no longer" };
        message =
            format!("{message}: its records {word} are registered in the file index and found by datanode");
    }
    if after.is_internal() && !before.is_internal() {
        impact.push(Impact::Access);
        message = format!("{message}: its records can no longer be exported");
    }
    let remedy = if impact.is_empty() { "" } else { "Keep the category while there are records" };
    changes.add(None, ChangeKind::CategoryChanged, &impact, message, remedy);
}

fn is_closed(node: &NodeType) -> bool {
    node.schema.get("additionalProperties").is_some_and(|value| *value == false)
}

fn additional(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    let kind = ChangeKind::AdditionalPropertiesChanged;
    match (is_closed(old), is_closed(new)) {
        (false, true) => {
            let remedy = "Add the properties that records have, or leave additionalProperties as it was";
            let message = "properties that the schema does not name are refused now";
            changes.add(None, kind, &STRICTER, message, remedy);
        }
        (true, false) => {
            changes.compatible(None, kind, "properties that the schema does not name are accepted now");
        }
        _ => {}
    }
}

fn added_property(name: &str, old: &NodeType, changes: &mut Changes<'_>) {
    if is_closed(old) {
        return changes.compatible(Some(name), ChangeKind::PropertyAdded, "this property is new");
    }
    let message = "this property is new, and where records had one of this name, its value was free";
    let remedy = "Look at the stored values (--database-url counts them)";
    changes.add(Some(name), ChangeKind::PropertyAdded, &STRICTER, message, remedy);
}

fn removed_properties(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    let gone = old.properties.values().filter(|property| !new.properties.contains_key(&property.name));
    for property in gone.filter(|property| !is_link(old, new, &property.name)) {
        let schema = keywords_only(&property.schema);
        let renamed = new.properties.values().find(|candidate| {
            !old.properties.contains_key(&candidate.name)
                && !new.is_link(&candidate.name)
                && keywords_only(&candidate.schema) == schema
        });
        let remedy = match renamed {
            Some(renamed) => format!(
                "It looks as if it were renamed to {new}: values do not move by themselves. Submit the \
                 records again with {new}, or keep the name",
                new = renamed.name
            ),
            None => "Keep the property while records have it".to_owned(),
        };
        let mut impact = vec![Impact::Queries, Impact::Access];
        if is_closed(new) {
            impact.extend(STRICTER);
            impact.sort();
        }
        let message = "this property is gone; stored values stay, but nobody sees them";
        changes.add(Some(&property.name), ChangeKind::PropertyRemoved, &impact, message, remedy);
    }
}

/// Required links are reported by `links`.
fn required(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    let given = |name: &&String| !matches!(name.as_str(), "type" | "id");
    for name in new.required.iter().filter(given).filter(|name| !old.required.contains(name)) {
        if !new.is_link(name) {
            let remedy = "Give it to all records first, or make it required in a later version";
            let message = "it must be given now, and may not be null";
            changes.add(Some(name), ChangeKind::RequiredGained, &STRICTER, message, remedy);
        }
    }
    for name in old.required.iter().filter(given).filter(|name| !new.required.contains(name)) {
        if new.properties.contains_key(name) && !new.is_link(name) {
            changes.compatible(Some(name), ChangeKind::RequiredLost, "it need not be given any more");
        }
    }
}

fn system_properties(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    for name in &new.system_properties {
        if !old.system_properties.contains(name) && old.properties.contains_key(name) {
            let message = "users cannot set it any more";
            let remedy = "Leave it out of submitted files";
            changes.add(
                Some(name),
                ChangeKind::SystemPropertyGained,
                &[Impact::Submissions],
                message,
                remedy,
            );
        }
    }
    for name in &old.system_properties {
        if !new.system_properties.contains(name) && new.properties.contains_key(name) {
            changes.compatible(Some(name), ChangeKind::SystemPropertyLost, "users can set it now");
        }
    }
}

fn unique_keys(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    for key in new.unique_keys.iter().filter(|key| !old.unique_keys.contains(key)) {
        let message = format!("{} must be unique now", listed(key));
        let remedy = "Change or delete duplicates first: while there are some, the index cannot be made";
        changes.add(None, ChangeKind::UniqueKeyAdded, &STRICTER, message, remedy);
    }
    for key in old.unique_keys.iter().filter(|key| !new.unique_keys.contains(key)) {
        let message = format!(
            "{} need not be unique any more, and records are no longer found by it; its unique index is \
                 dropped",
            listed(key)
        );
        let remedy = "Name records by another key in submitted files";
        changes.add(None, ChangeKind::UniqueKeyRemoved, &[Impact::Submissions], message, remedy);
    }
}
