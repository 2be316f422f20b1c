//! Nodes with what is shown below them.

use std::ops::Range;

use super::json::{Commas, report};
use crate::{
    ir::{Branch, Child},
    results::{BranchRows, ChildResult, Results},
};

/// Writes the nodes at these positions of a list, with commas between them.
pub(crate) fn write_part(
    branches: &[&Branch],
    results: &Results,
    part: Range<usize>,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    write_nodes(branches, results, results.part(part), out, errors);
}

/// Writes the list of the nodes that were found for one parent.
fn write_list(
    branches: &[&Branch],
    results: &Results,
    parent: usize,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    out.push(b'[');
    write_nodes(branches, results, results.of(parent), out, errors);
    out.push(b']');
}

fn write_nodes(
    branches: &[&Branch],
    results: &Results,
    nodes: impl Iterator<Item = (usize, usize)>,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    let mut commas = Commas::default();
    for (branch, row) in nodes {
        commas.before_item(out);
        write_node(branches[branch], &results.branches[branch], row, out, errors);
    }
}

fn write_node(branch: &Branch, rows: &BranchRows, row: usize, out: &mut Vec<u8>, errors: &mut Vec<String>) {
    let mut segments = rows.segments(row);
    out.extend_from_slice(segments.next().unwrap_or_default());
    // Between two segments stands the next child, in the order of the selection.
    for ((child, result), segment) in branch.level.children.iter().zip(&rows.below.results).zip(segments) {
        write_child(child, result, rows.parent_number(row), out, errors);
        out.extend_from_slice(segment);
    }
}

/// Writes what a child shows of the parent with this number.
pub(crate) fn write_child(
    child: &Child,
    result: &ChildResult,
    parent: usize,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    match (child, result) {
        (Child::Linked(branch), ChildResult::Nodes(results)) => {
            write_list(&[branch], results, parent, out, errors)
        }
        (Child::Neighbours(scan), ChildResult::Nodes(results)) => {
            let branches: Vec<&Branch> = scan.branches.iter().collect();
            write_list(&branches, results, parent, out, errors);
        }
        (_, ChildResult::PerParent(values)) => {
            out.extend_from_slice(values.get(parent).map_or("null", String::as_str).as_bytes());
        }
        (Child::Failed(message), _) => {
            out.extend_from_slice(b"null");
            report(errors, message);
        }
        _ => out.extend_from_slice(b"null"),
    }
}
