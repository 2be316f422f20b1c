//! Rules that concern all node types together.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::{Dictionary, LinkItem, NodeType, Problem};

/// Checks that there is a program and a project, and that all records can be submitted.
pub(super) fn check(dictionary: &Dictionary, files: &IndexMap<String, Value>, problems: &mut Vec<Problem>) {
    for id in ["program", "project"] {
        if !dictionary.nodes.contains_key(id) {
            let message = format!("there is no node type {id}");
            problems.push(Problem::warning("", "", message, format!("Add {id}.yaml.")));
        }
    }
    let file = |node: &NodeType| {
        let of_node = |(_, raw): &(&String, &Value)| raw.get("id").and_then(Value::as_str) == Some(&node.id);
        files.iter().find(of_node).map(|(file, _)| file.clone()).unwrap_or_default()
    };
    order(dictionary, &file, problems);
}

/// Places the types one after the other, parents first. Records of those that remain can never be submitted.
fn order(dictionary: &Dictionary, file: &dyn Fn(&NodeType) -> String, problems: &mut Vec<Problem>) {
    let mut placed: HashSet<&str> = HashSet::from(["program", "root"]);
    loop {
        let ready = |node: &&NodeType| !placed.contains(node.id.as_str()) && can_follow(node, &placed);
        let next: Vec<&str> = dictionary.nodes.values().filter(ready).map(|node| node.id.as_str()).collect();
        if next.is_empty() {
            break;
        }
        placed.extend(next);
    }
    for node in dictionary.nodes.values().filter(|node| !placed.contains(node.id.as_str())) {
        let message = format!("no record of {} can be submitted: its links never lead to a program", node.id);
        let remedy = "Link it to a type that leads to a program, and avoid cycles of required links.";
        problems.push(Problem::warning(&file(node), "/links", message, remedy));
    }
}

fn can_follow(node: &NodeType, placed: &HashSet<&str>) -> bool {
    let links = node.all_links();
    let some = links.iter().any(|link| placed.contains(link.target_type.as_str()));
    some && node.links.iter().all(|item| satisfied(item, placed))
}

fn satisfied(item: &LinkItem, placed: &HashSet<&str>) -> bool {
    match item {
        LinkItem::Link(link) => !link.required || placed.contains(link.target_type.as_str()),
        LinkItem::Group(group) => {
            let reachable = |item: &LinkItem| {
                item.flatten().iter().any(|link| placed.contains(link.target_type.as_str()))
            };
            !group.required || group.members.iter().any(reachable)
        }
    }
}
