//! Manifests: tables of files, as the indexing tools of the gen3 SDK read and write them.

mod cell;
mod columns;
mod read;
mod write;

use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

pub(crate) use read::Rows;
pub(crate) use write::Writer;

/// How a manifest is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns between tabs.
    Tsv,
    /// Columns between commas.
    Csv,
    /// A list of objects.
    Json,
    /// An object a line.
    Ndjson,
}

impl Format {
    /// By the end of the file's name.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let end = file.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "tsv" | "txt" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// A row: the body of a new record, with `did` where the row names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Its number, from 1; the head of a table is not counted.
    pub(crate) number: usize,
    pub(crate) record: Map<String, Value>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("row {row}{}: {reason}", behind(.column.as_deref()))]
pub(crate) struct RowError {
    pub(crate) row: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
}

fn behind(column: Option<&str>) -> String {
    column.map(|column| format!(", column {column}")).unwrap_or_default()
}
