//! What holds between the node types of a dictionary: targets of links, backlinks, and names of tables.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::{Link, NodeType, Problem};

/// Fills in the backlinks. Every link must have a target, a type must not use a name for two links or
/// backlinks, and two types must not share a table. `named` has the ids that the files give, also those of
/// types that were not understood.
pub(crate) fn connect<'a>(
    mut nodes: Vec<(&'a str, NodeType)>,
    named: &HashSet<&str>,
    problems: &mut Vec<Problem>,
) -> Vec<(&'a str, NodeType)> {
    let index: IndexMap<String, usize> =
        nodes.iter().enumerate().map(|(i, (_, node))| (node.id.clone(), i)).collect();
    let mut backlinks = Vec::new();
    for (file, node) in &nodes {
        for link in node.all_links() {
            match index.get(&link.target_type) {
                Some(target) => backlinks.push((*target, *file, node.id.clone(), link.clone())),
                None if named.contains(link.target_type.as_str()) => {}
                None => problems.push(Problem::new(
                    file,
                    "/links",
                    format!("the link {} has the unknown target_type {}", link.name, link.target_type),
                    "Correct the target_type, or add a node type with that id.",
                )),
            }
        }
    }
    for (target, file, source, link) in backlinks {
        let (target_file, node) = &mut nodes[target];
        problems.extend(backref_problem(node, target_file, file, &source, &link));
        node.backlinks.push((source, link));
    }
    tables(&nodes, problems);
    nodes
}

/// What is wrong with the name of a backlink of `node`.
fn backref_problem(
    node: &NodeType,
    node_file: &str,
    file: &str,
    source: &str,
    link: &Link,
) -> Option<Problem> {
    let is_backref = node.backlinks.iter().any(|(_, other)| other.backref == link.backref);
    let own = node.link(&link.backref);
    let of_itself = node.id == source && own.is_some_and(|own| own.name == link.name);
    if of_itself && !is_backref {
        let message = format!(
            "the link {} of {source} to itself has its own name as backref; queries follow it to the target",
            link.name
        );
        return Some(Problem::warning(file, "/links", message, "Give the backref another name."));
    }
    (own.is_some() || is_backref).then(|| {
        let message = format!(
            "the backref {} of the link {} is already the name of a link or backref of {} ({node_file})",
            link.backref, link.name, node.id
        );
        Problem::new(file, "/links", message, "Give the backref another name.")
    })
}

/// Checks that no two tables have the same name. Names are made of ids and labels without underscores.
fn tables(nodes: &[(&str, NodeType)], problems: &mut Vec<Problem>) {
    let mut known: HashMap<String, String> = HashMap::new();
    for (file, node) in nodes {
        let mut claim = |table: String, owner: String| {
            let other = known.insert(table.replace('_', ""), owner.clone())?;
            Some(format!("{owner} and {other} would share a table"))
        };
        if let Some(message) = claim(format!("node {}", node.id), node.id.clone()) {
            problems.push(Problem::new(file, "/id", message, "Rename one: underscores do not count."));
        }
        for link in node.all_links() {
            let table = format!("edge {}{}{}", node.id, link.label, link.target_type);
            let owner = format!("the link {} of {}", link.name, node.id);
            if let Some(message) = claim(table, owner) {
                let remedy = "Give the link another label: until then each shows what the other one has.";
                problems.push(Problem::warning(file, "/links", message, remedy));
            }
        }
    }
}
