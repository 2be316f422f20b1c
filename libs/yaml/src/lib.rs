//! YAML as PyYAML's `safe_load` reads it, with positions: dictionaries and user.yaml were written for that
//! reader.
//!
//! That is YAML 1.1: bare `Yes`, `no`, `On`, `off` are booleans, `010` is octal, `1:30` is sexagesimal, `1e3`
//! is a string, the last of two equal keys wins and `<<` merges. Dates, which have no JSON form, stay
//! strings.
//!
//! [`parse`] gives a JSON value; [`read`] gives nodes that know where they stand and how they were written.

mod error;
mod model;
mod reader;
mod scalar;

use serde_json::Value;

pub use error::{Error, Position};
pub use model::{Content, Document, Entry, Kind, Mapping, Node, RepeatedKey, Scalar};
pub use reader::{Budget, read};
pub use scalar::boolean;

/// The number of values that [`parse`] accepts, aliases counted as often as they are used.
pub const MAX_VALUES: usize = 2_000_000;

/// Reads one YAML document as a JSON value. An empty text is `null`.
///
/// # Errors
/// See [`read`], and the first of the document's faults; the budget is [`MAX_VALUES`].
pub fn parse(text: &str) -> Result<Value, Error> {
    let document = read(text, &mut Budget::new(MAX_VALUES))?;
    match document.faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(document.root.into_json()),
    }
}
