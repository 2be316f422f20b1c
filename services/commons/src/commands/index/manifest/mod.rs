//! Manifests: tables of files, as the indexing tools of the gen3 SDK read and write them.

mod cell;
mod columns;
mod read;
mod write;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use clap::ValueEnum;
use serde_json::{Map, Value};
use uuid::Uuid;

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

impl Row {
    /// Gives a row that names no GUID the one that follows from the manifest and its place there, so that a
    /// second load finds the record of the first. `prefix` is what GUIDs of the index begin with, and
    /// `manifest` the digest of the manifest.
    pub(crate) fn name(&mut self, prefix: &str, manifest: &str) {
        let of_row = format!("{manifest}:{}", self.number);
        let name = || format!("{prefix}{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, of_row.as_bytes()));
        self.record.entry("did").or_insert_with(|| name().into());
    }
}

/// The GUIDs of rows, by their digests.
#[derive(Default)]
pub(crate) struct Guids(HashMap<u64, usize>);

impl Guids {
    /// Notes the GUID of a row.
    ///
    /// # Errors
    /// When a row before has it, too.
    pub(crate) fn note(&mut self, row: &Row) -> Result<(), RowError> {
        let Some(guid) = row.record.get("did").and_then(Value::as_str) else { return Ok(()) };
        let mut hasher = DefaultHasher::new();
        guid.hash(&mut hasher);
        match self.0.insert(hasher.finish(), row.number) {
            None => Ok(()),
            Some(before) => {
                let reason = format!("'{guid}' is the GUID of row {before}, too");
                Err(RowError { row: row.number, column: Some("guid".to_owned()), reason })
            }
        }
    }
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
