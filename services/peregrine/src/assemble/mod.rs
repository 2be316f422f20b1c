//! The answer's JSON, written once, in the order of the selection. Pure.

mod logs;
mod render;

pub(crate) use logs::{project, show_log};
pub(crate) use render::render;

use crate::{
    ir::{Child, Level, Root, RootValue},
    results::{Found, Results, RootResult},
};

/// Writes the top level (or `viewer`) and adds what failed to `errors`.
pub(crate) fn write_roots(
    roots: &[Root],
    results: &[RootResult],
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    out.push(b'{');
    for (position, (root, result)) in roots.iter().zip(results).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_text(&root.key, out);
        out.push(b':');
        match (&root.value, result) {
            (RootValue::Scan(scan), RootResult::Nodes(results)) => {
                let levels: Vec<&Level> = scan.branches.iter().map(|branch| &branch.level).collect();
                write_list(&levels, results, 0, out, errors);
            }
            (RootValue::Viewer(roots), RootResult::Viewer(results)) => {
                write_roots(roots, results, out, errors)
            }
            (RootValue::Known(json), _) => out.extend_from_slice(json.as_bytes()),
            (_, RootResult::Json(json)) => out.extend_from_slice(json.as_bytes()),
            (RootValue::Failed(message), _) => {
                out.extend_from_slice(b"null");
                report(errors, message);
            }
            _ => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
}

/// The nodes found for one parent.
fn write_list(
    levels: &[&Level],
    results: &Results,
    parent: usize,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    out.push(b'[');
    for (position, (branch, row)) in results.of(parent).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_node(levels[branch], &results.found[branch], row, out, errors);
    }
    out.push(b']');
}

fn write_node(level: &Level, found: &Found, row: usize, out: &mut Vec<u8>, errors: &mut Vec<String>) {
    let mut segments = found.segments(row);
    out.extend_from_slice(segments.next().unwrap_or_default());
    // Between two segments stands the next child, in the order of the selection.
    for ((child, result), segment) in level.children.iter().zip(&found.children).zip(segments) {
        write_child(child, result, found.node_number(row), out, errors);
        out.extend_from_slice(segment);
    }
}

fn write_child(
    child: &Child,
    result: &RootResult,
    parent: usize,
    out: &mut Vec<u8>,
    errors: &mut Vec<String>,
) {
    match (child, result) {
        (Child::Linked(branch), RootResult::Nodes(results)) => {
            write_list(&[&branch.level], results, parent, out, errors)
        }
        (Child::Neighbours(scan), RootResult::Nodes(results)) => {
            let levels: Vec<&Level> = scan.branches.iter().map(|branch| &branch.level).collect();
            write_list(&levels, results, parent, out, errors);
        }
        (_, RootResult::PerParent(values)) => {
            out.extend_from_slice(values.get(parent).map_or("null", String::as_str).as_bytes());
        }
        (Child::Failed(message), _) => {
            out.extend_from_slice(b"null");
            report(errors, message);
        }
        _ => out.extend_from_slice(b"null"),
    }
}

fn report(errors: &mut Vec<String>, message: &str) {
    if !errors.iter().any(|known| known == message) {
        errors.push(message.to_owned());
    }
}

/// A JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = serde_json::to_writer(out, text);
}
