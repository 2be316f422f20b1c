//! The documents of submissions, read from a stream one by one: JSON objects, and the rows of TSV and CSV tables as the
//! original reads them.
//!
//! A reader keeps one document at a time in memory, whatever the size of the body. Every fault is found with the words and
//! the place that reading the whole body at once would give; documents that came before it have been handed out
//! by then.

mod cells;
mod input;
mod json;
mod rows;
mod table;

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use dictionary::Dictionary;
use serde_json::{Map, Value};

pub use json::{DEEPEST, value};
pub use rows::{LARGEST_CELL, LONGEST_HEADER, MOST_COLUMNS};

/// Largest document of a stream, in bytes: one row, or one object of a list.
pub const LARGEST_DOCUMENT: usize = 64 << 20;

/// Targets that a record may have in one link column: each becomes an object.
pub const MOST_TARGETS: usize = 100_000;
/// Longest name of a link column, in bytes: each target carries a part of it.
pub const LONGEST_LINK: usize = 1_000;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object, or a list of objects.
    Json,
    /// Tab-separated values.
    Tsv,
    /// Comma-separated values.
    Csv,
}

impl Format {
    /// By the content type, compared whole and without case: anything unknown is JSON, even
    /// `text/csv; charset=utf-8`.
    pub fn of(content_type: &str) -> Self {
        match content_type.to_ascii_lowercase().as_str() {
            "text/csv" => Self::Csv,
            "text/tab-separated-values" | "text/tsv" => Self::Tsv,
            _ => Self::Json,
        }
    }

    /// By the name used in bulk transfers.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Json, Self::Tsv, Self::Csv]
            .into_iter()
            .find(|format| name.eq_ignore_ascii_case(format.as_str()))
    }

    /// The name in the transaction log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Tsv => "tsv",
            Self::Csv => "csv",
        }
    }
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not what it should be; the text is for the client and says where.
    #[error("{0}")]
    Unreadable(String),
    /// Its source failed.
    #[error("the body cannot be read: {0}")]
    Source(#[from] io::Error),
}

/// Hands every document of `source` to `each`, which may end the reading. Leading `*` of keys, as templates have them,
/// are gone. Rows without a known `type` are left out, as the original does; values of a list that are no objects are handed out, for
/// they are entities too, though invalid ones.
///
/// # Errors
/// [`Fault::Unreadable`]: not JSON, no object or list, duplicate keys, NUL characters (the database cannot hold them), more than
/// [`DEEPEST`] levels; an unclosed quote, more cells than columns, link columns that the row's type does not have; a document
/// beyond the limits. [`Fault::Source`] when reading fails.
pub fn read(
    format: Format,
    source: impl Read,
    dictionary: &Dictionary,
    mut each: impl FnMut(Value) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut each = |mut document: Value| {
        strip_stars(&mut document);
        each(document)
    };
    match format {
        Format::Json => json::read(source, &mut each),
        Format::Tsv => table::read(source, table::TSV, dictionary, &mut each),
        Format::Csv => table::read(source, table::CSV, dictionary, &mut each),
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
) -> Result<(), Fault> {
    match format {
        Format::Json => json::read_text(text, &mut |mut document: Value| {
            strip_stars(&mut document);
            each(document)
        }),
        Format::Tsv | Format::Csv => read(format, text.as_bytes(), dictionary, each),
    }
}

/// All documents of a body.
///
/// # Errors
/// See [`read`].
pub fn parse(format: Format, text: &str, dictionary: &Dictionary) -> Result<Vec<Value>, Fault> {
    let mut documents = Vec::new();
    read_text(format, text, dictionary, |document| {
        documents.push(document);
        ControlFlow::Continue(())
    })?;
    Ok(documents)
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
    fn the_content_type_is_compared_whole() {
        assert_eq!(Format::of("TEXT/TSV"), Format::Tsv);
        assert_eq!(Format::of("text/csv; charset=utf-8"), Format::Json);
        assert_eq!(Format::of(""), Format::Json);
    }

    #[test]
    fn stars_of_templates_are_dropped() {
        let documents = parse(Format::Json, r#"{"*type": "case", "**x": 1}"#, &dictionary()).unwrap();
        assert_eq!(documents, vec![json!({"type": "case", "x": 1})]);
    }

    #[test]
    fn only_objects_and_lists_are_documents() {
        let refused = parse(Format::Json, "5", &dictionary()).unwrap_err().to_string();
        assert_eq!(refused, "JSON parsed from request is an invalid type: int");
    }
}
