//! Bodies of submissions: tables and JSON.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use documents::{DEEPEST, Fault, Format, LARGEST_DOCUMENT, LONGEST_LINK, strict::levels};
use serde_json::Value;

use crate::dictionary;

/// A body as TSV and as CSV.
///
/// # Panics
/// When something does not hold: reading in pieces of any size gives what reading at once gives, a document
/// is no larger than the body, and a fault names a line that there is.
pub fn tsv(input: &[u8]) {
    for format in [Format::Tsv, Format::Csv] {
        let found = read(format, input);
        let lines = input.iter().filter(|byte| b"\r\n".contains(byte)).count() + 1;
        match &found {
            Ok(documents) => {
                assert!(documents.len() <= lines, "{} records of {lines} lines", documents.len())
            }
            Err(message) => {
                assert!(message.starts_with("Unable to parse doc"), "{message}");
                // A bad column is named twice beside the beginning of the text, with escapes.
                assert!(message.len() <= 12 * input.len() + 200, "{} bytes of message", message.len());
                if let Some(line) = named_line(message) {
                    assert!((1..=lines).contains(&line), "line {line} of {lines}");
                }
            }
        }
    }
}

/// A body as JSON.
///
/// # Panics
/// When something does not hold: besides what holds for tables, that what is accepted is JSON with the same
/// meaning, of bounded depth.
pub fn json(input: &[u8]) {
    match read(Format::Json, input) {
        Ok(documents) => {
            let unmarked = input.strip_prefix("\u{feff}".as_bytes()).unwrap_or(input);
            let plain: Value = serde_json::from_slice(unmarked).expect("what is accepted is JSON");
            let plain = match plain {
                Value::Array(items) => items,
                object => vec![object],
            };
            assert_eq!(documents.len(), plain.len());
            for (document, plain) in documents.iter().zip(&plain) {
                assert!(levels(document) <= DEEPEST, "too deep");
                if !has_starred_keys(plain) {
                    assert_eq!(document, plain);
                }
            }
        }
        Err(message) => {
            let known = ["Unable to parse json: ", "JSON parsed from request is an invalid type: "];
            assert!(known.iter().any(|start| message.starts_with(start)), "{message}");
            assert!(message.len() <= 2 * input.len() + 200, "{} bytes of message", message.len());
        }
    }
}

/// Reads in several ways, which must agree.
fn read(format: Format, input: &[u8]) -> Result<Vec<Value>, String> {
    // Every cell brings its column's name with it, so does every target of a link, in escapes at worst; blank
    // cells are null.
    let targets = input.iter().filter(|byte| b",#".contains(byte)).count();
    let most = 8 * input.len() + 100 + targets * (20 + 6 * input.len().min(LONGEST_LINK));
    let whole = collect(format, input, most);
    for size in [1, 2, 3 + input.len() % 61] {
        same(&whole, &collect(format, Pieces { rest: input, size }, most));
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let parsed = documents::parse(format, text, dictionary()).map(|parsed| parsed.documents);
        same(&whole, &parsed.map_err(|fault| fault.to_string()));
    }
    whole
}

fn collect(format: Format, source: impl Read, most: usize) -> Result<Vec<Value>, String> {
    let mut found = Vec::new();
    let outcome = documents::read(format, source, dictionary(), |document| {
        found.push(document);
        ControlFlow::Continue(())
    });
    for document in &found {
        let size = document.to_string().len();
        assert!(size <= most.min(8 * LARGEST_DOCUMENT), "{size} bytes, {most} at most");
    }
    match outcome {
        Ok(_) => Ok(found),
        Err(Fault::Source(error)) => panic!("this source does not fail: {error}"),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Equal documents, or equal words; the place of a fault may be told a byte earlier or later.
fn same(one: &Result<Vec<Value>, String>, other: &Result<Vec<Value>, String>) {
    match (one, other) {
        (Err(one), Err(other)) => assert_eq!(without_place(one), without_place(other)),
        _ => assert_eq!(one, other),
    }
}

fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or_default()
}

/// The line that a fault of a table names.
fn named_line(message: &str) -> Option<usize> {
    let after = message.rsplit_once("'line': ").or_else(|| message.rsplit_once(" line "))?.1;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

fn has_starred_keys(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.keys().any(|key| key.starts_with('*')))
}

/// A source that gives its bytes in pieces.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(self.rest.len()).min(buffer.len());
        let (piece, rest) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(piece);
        self.rest = rest;
        Ok(count)
    }
}
