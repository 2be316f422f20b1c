//! The documents of submissions, read from a stream one by one: JSON objects, and the rows of TSV and CSV
//! tables as the original reads them.
//!
//! A reader keeps one document at a time in memory, whatever the size of the body. A fault is reported with
//! the words and the place that reading the whole body at once would give; the documents before it have been
//! handed out by then.

mod cells;
mod columns;
mod complaints;
mod fault;
mod format;
mod input;
mod json;
mod kinds;
mod layout;
mod limits;
mod link_cells;
mod numbers;
mod records;
mod rows;
mod same;
pub mod strict;
mod table;

use std::{io::Read, ops::ControlFlow};

use dictionary::Dictionary;
use serde_json::{Map, Value};

pub use cells::CellType;
pub use fault::Fault;
pub use format::Format;
pub use json::value;
pub use limits::{
    DEEPEST, LARGEST_CELL, LARGEST_DOCUMENT, LONGEST_HEADER, LONGEST_LINK, MOST_COLUMNS, MOST_TARGETS,
};
pub use link_cells::write_link_cell;
pub use numbers::is_usual;
pub use same::same;

/// The documents of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// All of them.
    pub documents: Vec<Value>,
    /// Why they must not be submitted; see [`read`].
    pub complaint: Option<String>,
}

/// Hands every document of `source` to `each`, which may end the reading. Leading `*` of keys, which
/// templates have, and a byte order mark are removed. Values of a list that are not objects are handed out,
/// because they count as entities, though invalid ones.
///
/// Rows of a table without a known `type` are left out, as in the original; but here they must not be lost
/// without a word. So the result is a complaint that names their lines, or says why there are no rows: then
/// nothing of the body must be submitted.
///
/// # Errors
/// [`Fault::Unreadable`]: not JSON, neither an object nor a list, duplicate keys, NUL characters (the
/// database cannot hold them), more than [`DEEPEST`] levels; an unclosed quote, equal columns, more cells
/// than columns, link columns that the row's type does not have; a document beyond the limits.
/// [`Fault::Source`] when reading fails.
pub fn read(
    format: Format,
    source: impl Read,
    dictionary: &Dictionary,
    mut each: impl FnMut(Value) -> ControlFlow<()>,
) -> Result<Option<String>, Fault> {
    let mut each = |mut document: Value| {
        strip_stars(&mut document);
        each(document)
    };
    match format {
        Format::Json => json::read(source, &mut each).map(|()| None),
        Format::Tsv => table::read(source, layout::TSV, dictionary, &mut each),
        Format::Csv => table::read(source, layout::CSV, dictionary, &mut each),
    }
}

/// The same for a body in memory, which is faster for JSON.
///
/// # Errors
/// See [`read`].
pub fn read_text(
    format: Format,
    text: &str,
    dictionary: &Dictionary,
    mut each: impl FnMut(Value) -> ControlFlow<()>,
) -> Result<Option<String>, Fault> {
    match format {
        Format::Json => json::read_text(text, &mut |mut document: Value| {
            strip_stars(&mut document);
            each(document)
        })
        .map(|()| None),
        Format::Tsv | Format::Csv => read(format, text.as_bytes(), dictionary, each),
    }
}

/// All documents of a body.
///
/// # Errors
/// See [`read`].
pub fn parse(format: Format, text: &str, dictionary: &Dictionary) -> Result<Parsed, Fault> {
    let mut documents = Vec::new();
    let complaint = read_text(format, text, dictionary, |document| {
        documents.push(document);
        ControlFlow::Continue(())
    })?;
    Ok(Parsed { documents, complaint })
}

fn strip_stars(document: &mut Value) {
    let Value::Object(map) = document else { return };
    if !map.keys().any(|key| key.starts_with('*')) {
        return;
    }
    let stripped = std::mem::take(map).into_iter();
    *map =
        stripped.map(|(key, value)| (key.trim_start_matches('*').to_owned(), value)).collect::<Map<_, _>>();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The small dictionary of the tests.
    pub(crate) fn dictionary() -> Dictionary {
        let files = serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
        Dictionary::from_files(files).unwrap()
    }

    #[test]
    fn stars_of_templates_are_dropped() {
        let documents = parse(Format::Json, r#"{"*type": "case", "**x": 1}"#, &dictionary()).unwrap();
        assert_eq!(documents.documents, vec![json!({"type": "case", "x": 1})]);
    }

    #[test]
    fn only_objects_and_lists_are_documents() {
        let refused = parse(Format::Json, "5", &dictionary()).unwrap_err().to_string();
        assert_eq!(refused, "JSON parsed from request is an invalid type: int");
    }
}
