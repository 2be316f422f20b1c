//! The answer's JSON, written once, in the order of the selection. Pure.

mod logs;
mod render;

pub(crate) use logs::{project, show_log};
pub(crate) use render::render;

use std::ops::Range;

use crate::{
    ir::{Branch, Child},
    results::{ChildResult, Found, Results},
};

/// The nodes at these positions of a list, with commas between them.
pub(crate) fn write_part(
    branches: &[&Branch],
    results: &Results,
    part: Range<usize>,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    write_nodes(branches, results, results.part(part), out, errors);
}

/// The nodes found for one parent.
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
    for (position, (branch, row)) in nodes.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_node(branches[branch], &results.found[branch], row, out, errors);
    }
}

fn write_node(branch: &Branch, found: &Found, row: usize, out: &mut Vec<u8>, errors: &mut Vec<String>) {
    let mut segments = found.segments(row);
    out.extend_from_slice(segments.next().unwrap_or_default());
    // Between two segments stands the next child, in the order of the selection.
    for ((child, result), segment) in branch.level.children.iter().zip(&found.children.1).zip(segments) {
        write_child(child, result, found.parent_number(row), out, errors);
        out.extend_from_slice(segment);
    }
}

/// What is shown of the parent with this number.
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

/// Notes an error, once.
pub(crate) fn report(errors: &mut Vec<String>, message: &str) {
    if !errors.iter().any(|known| known == message) {
        errors.push(message.to_owned());
    }
}

/// A JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = serde_json::to_writer(out, text);
}
