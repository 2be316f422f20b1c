//! The grammar of etlMapping.yaml: what is written, not yet whether the names in it exist.

mod blocks;
mod filters;
mod model;
mod paths;
mod reader;

use yaml::{Budget, Position};

pub(crate) use model::{
    Aggregator, Body, Collector, Comparison, Filter, FlattenBlock, Function, Injection, JoinBlock, Mapping,
    NestedBlock, ParentPath, Prop, Relation, Word,
};
use reader::Reader;

use crate::problem::Report;

/// Values of the largest file, aliases counted as often as they are used.
const MAX_VALUES: usize = 200_000;
/// A mapping of more bytes is not read.
const MAX_BYTES: usize = 16 << 20;

/// Reads a text. What does not fit is reported, and left out of what is returned.
pub(crate) fn read(text: &str, report: &mut Report) -> Vec<Mapping> {
    let file = Position { line: 0, column: 0 };
    if text.len() > MAX_BYTES {
        report.error(file, format!("the file is larger than {} MiB", MAX_BYTES >> 20), "split it");
        return Vec::new();
    }
    let document = match yaml::read(text, &mut Budget::new(MAX_VALUES)) {
        Ok(document) => document,
        Err(error) => {
            let message = format!("this is not YAML: {}", error.message);
            report.error(error.position, message, "correct the line");
            return Vec::new();
        }
    };
    for fault in &document.faults {
        report.error(fault.position, format!("this is not YAML: {}", fault.message), "correct the line");
    }
    for repeated in &document.repeated {
        let message =
            format!("the key `{}` stands here again, after line {}", repeated.key, repeated.before.line);
        report.error(repeated.position, message, "merge the two or remove one");
    }
    if document.root.is_null() {
        report.error(file, "the file says nothing", "write `mappings:` and a list of mappings");
        return Vec::new();
    }
    Reader { report }.mappings(&document.root)
}
