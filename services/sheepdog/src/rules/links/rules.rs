//! Required links and groups of links.

use std::collections::BTreeSet;

use dictionary::{LinkGroup, LinkItem, NodeType};

use crate::model::{entity::Entity, problem::ErrorType};

/// Refuses an entity without links that it must have, or with links that exclude each other.
pub(super) fn refuse_missing_links(entity: &mut Entity, item: &LinkItem, present: &BTreeSet<&str>) {
    match item {
        LinkItem::Link(link) if link.required && !present.contains(link.name.as_str()) => {
            let message = format!("Entity is missing required link to {}", link.name);
            entity.refuse(ErrorType::InvalidLink, message, &[&link.name]);
        }
        LinkItem::Link(_) => {}
        LinkItem::Group(group) => {
            for problem in group_problems(group, present) {
                let keys: Vec<&str> = problem.1.iter().map(String::as_str).collect();
                entity.refuse(ErrorType::InvalidLink, problem.0, &keys);
            }
        }
    }
}

/// The messages about a group, with their keys.
fn group_problems(group: &LinkGroup, present: &BTreeSet<&str>) -> Vec<(String, Vec<String>)> {
    let mut problems = Vec::new();
    let mut alternatives = 0_usize;
    // The name of an inner group is the names of its members.
    let names: Vec<String> = group.members.iter().map(name_of).collect();
    for member in &group.members {
        let is_used = member.flatten().iter().any(|link| present.contains(link.name.as_str()));
        alternatives += usize::from(is_used);
        // An inner group counts as one alternative; only its exclusiveness is a rule of its own.
        if let LinkItem::Group(inner) = member {
            let inner = LinkGroup { required: false, ..inner.clone() };
            problems.extend(group_problems(&inner, present));
        }
    }
    if group.required && alternatives == 0 {
        let message = format!("Entity is missing a required link to {}", one_of(&names));
        problems.push((message, names.clone()));
    }
    if group.exclusive && alternatives > 1 {
        let list = python::repr_list(names.iter().map(String::as_str));
        problems.push((format!("Links to {list} are exclusive.  More than one was provided."), names));
    }
    problems
}

fn name_of(item: &LinkItem) -> String {
    match item {
        LinkItem::Link(link) => link.name.clone(),
        LinkItem::Group(group) => group.members.iter().map(name_of).collect::<Vec<_>>().join(", "),
    }
}

/// `a, b or c`.
fn one_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Whether a node with links under exactly these names lacks one that it must have.
pub(crate) fn breaks_rules(node: &NodeType, present: &BTreeSet<String>) -> bool {
    node.links.iter().any(|item| match item {
        LinkItem::Link(link) => link.required && !present.contains(&link.name),
        LinkItem::Group(group) => {
            group.required
                && !item.flatten().iter().any(|link| present.contains(&link.name))
                && !group.members.is_empty()
        }
    })
}

#[cfg(test)]
mod tests {
    use dictionary::{Link, Multiplicity};

    use super::*;

    fn link(name: &str) -> LinkItem {
        LinkItem::Link(Link {
            name: name.to_owned(),
            backref: "back".to_owned(),
            label: "label".to_owned(),
            target_type: "target".to_owned(),
            multiplicity: Multiplicity::ManyToOne,
            required: false,
        })
    }

    fn group(exclusive: bool, required: bool, members: Vec<LinkItem>) -> LinkGroup {
        LinkGroup { exclusive, required, members }
    }

    fn messages(group: &LinkGroup, present: &[&str]) -> Vec<String> {
        let present = present.iter().copied().collect();
        group_problems(group, &present).into_iter().map(|(message, _)| message).collect()
    }

    #[test]
    fn a_required_group_needs_one_of_its_links() {
        let group = group(false, true, vec![link("a"), link("b"), link("c")]);
        assert_eq!(messages(&group, &[]), ["Entity is missing a required link to a, b or c"]);
        assert_eq!(messages(&group, &["b"]), [""; 0]);
        assert_eq!(messages(&group, &["a", "b"]), [""; 0]);
    }

    #[test]
    fn an_exclusive_group_takes_one_of_its_links() {
        let group = group(true, false, vec![link("a"), link("b")]);
        assert_eq!(messages(&group, &[]), [""; 0]);
        assert_eq!(
            messages(&group, &["a", "b"]),
            ["Links to ['a', 'b'] are exclusive.  More than one was provided."]
        );
    }

    #[test]
    fn an_inner_group_is_one_alternative_and_keeps_its_exclusiveness() {
        let inner = LinkItem::Group(group(true, true, vec![link("b"), link("c")]));
        let outer = group(true, true, vec![link("a"), inner]);
        assert_eq!(messages(&outer, &["a"]), [""; 0]);
        assert_eq!(messages(&outer, &["b"]), [""; 0]);
        assert_eq!(messages(&outer, &["a", "b"]).len(), 1);
        assert_eq!(
            messages(&outer, &["b", "c"]),
            ["Links to ['b', 'c'] are exclusive.  More than one was provided."]
        );
        assert_eq!(messages(&outer, &[]), ["Entity is missing a required link to a or b, c"]);
        let (_, keys) = group_problems(&outer, &BTreeSet::new()).remove(0);
        assert_eq!(keys, ["a", "b, c"]);
    }
}
