//! The order in which node types are written: what others link to comes before them.

use std::collections::HashSet;

use dictionary::{Dictionary, NodeType};

/// All node types, parents before children. In a circle of links somebody has to be first.
pub(super) fn parents_first(dictionary: &Dictionary) -> Vec<&NodeType> {
    let (mut seen, mut ordered) = (HashSet::new(), Vec::new());
    for node in dictionary.nodes.values() {
        visit(dictionary, node, &mut seen, &mut ordered);
    }
    ordered
}

fn visit<'d>(
    dictionary: &'d Dictionary,
    node: &'d NodeType,
    seen: &mut HashSet<&'d str>,
    ordered: &mut Vec<&'d NodeType>,
) {
    if !seen.insert(&node.id) {
        return;
    }
    for link in node.all_links() {
        if let Some(parent) = dictionary.nodes.get(&link.target_type) {
            visit(dictionary, parent, seen, ordered);
        }
    }
    ordered.push(node);
}

/// Whether records of the type are in projects, and are exported one by one.
pub(super) fn is_in_projects(node: &NodeType) -> bool {
    !node.category.is_internal() && node.properties.contains_key("project_id") && node.id != "project"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_their_children() {
        let dictionary = crate::dictionaries::built_in().unwrap();
        let order = parents_first(&dictionary);
        assert_eq!(order.len(), dictionary.nodes.len());
        let place = |id: &str| order.iter().position(|node| node.id == id).unwrap();
        for node in &order {
            for link in node.all_links().iter().filter(|link| link.target_type != node.id) {
                assert!(place(&link.target_type) < place(&node.id), "{} {}", link.target_type, node.id);
            }
        }
        assert!(is_in_projects(&dictionary.nodes["sample"]) && !is_in_projects(&dictionary.nodes["program"]));
    }
}
