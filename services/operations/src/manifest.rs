//! Manifests that are handed in: what there is to know of one, and who reads and keeps them. The rows
//! themselves are the business of whoever builds the service.

use std::collections::BTreeSet;

use actix_web::web::Bytes;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value, json};
use web::Failure;

/// The kind of the runs that write the records of a manifest.
pub const INGEST: &str = "manifest-ingest";

/// How a manifest is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Columns between tabs.
    Tsv,
    /// Columns between commas.
    Csv,
    /// A list of objects.
    Json,
    /// An object a line.
    Ndjson,
}

impl Form {
    const ALL: [Self; 4] = [Self::Tsv, Self::Csv, Self::Json, Self::Ndjson];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    /// The form of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}

/// A manifest as it was handed in.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// All of it.
    pub bytes: Bytes,
    /// How it is written down.
    pub form: Form,
}

/// What all rows of a manifest, each of which can be right, want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How many there are.
    pub rows: usize,
    /// The resources by which they want records to be guarded.
    pub guards: BTreeSet<String>,
    /// The first row that names none.
    pub unguarded: Option<usize>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongRow {
    /// Its number, from 1, without the head.
    pub row: usize,
    /// The column, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What it is, and what to do about it.
    pub reason: String,
}

/// Why a manifest is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is none, or is not to be had.
    #[error("{0}")]
    Invalid(String),
    /// Rows are wrong.
    #[error("{wrong} of {rows} rows are wrong; nothing was written")]
    Rows {
        /// How many there are.
        rows: usize,
        /// How many of them are wrong.
        wrong: usize,
        /// The first of these.
        shown: Vec<WrongRow>,
    },
    /// What is needed for it does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// The failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Who reads and keeps manifests.
#[async_trait]
pub trait Manifests: Send + Sync {
    /// Looks at every row.
    ///
    /// # Errors
    /// When it is no manifest, or a row cannot be right.
    async fn examine(&self, manifest: &Manifest) -> Result<Wanted, Unusable>;

    /// Keeps a manifest for its run, and returns by what the run finds it.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn keep(&self, manifest: &Manifest) -> Result<Value, Failure>;

    /// What is at a signed URL of a bucket of uploads of this commons, of at most `most` bytes.
    ///
    /// # Errors
    /// For any other URL, and when there is nothing.
    async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, Unusable>;
}

/// What a run may touch, and with what it is done: the parameters of a run of [`INGEST`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what the manifest is found.
    pub manifest: Value,
    /// Rows that it has.
    pub rows: usize,
    /// Resources by which its records may be guarded.
    pub guards: BTreeSet<String>,
    /// Whether they may be guarded by none.
    pub unguarded: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// The action by which sower's clients have asked for it.
    pub action: Option<String>,
}

impl Order {
    /// As parameters of a run.
    pub fn params(&self) -> Map<String, Value> {
        let named = [
            ("manifest", self.manifest.clone()),
            ("rows", json!(self.rows)),
            ("guards", json!(self.guards)),
            ("unguarded", json!(self.unguarded)),
            ("dry_run", json!(self.dry_run)),
        ];
        let action = self.action.iter().map(|action| ("action", json!(action)));
        named.into_iter().chain(action).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What parameters say.
    ///
    /// # Errors
    /// When they are not those of such a run.
    pub fn read(params: &Map<String, Value>) -> Result<Self, String> {
        let of = |name: &str| params.get(name).ok_or_else(|| format!("{name}: it is missing"));
        let wrong = |name: &str| format!("{name}: it is not as this kind has it");
        let flag = |name: &str| of(name)?.as_bool().ok_or_else(|| wrong(name));
        let rows = of("rows")?.as_u64().and_then(|rows| usize::try_from(rows).ok());
        Ok(Self {
            manifest: of("manifest")?.clone(),
            rows: rows.ok_or_else(|| wrong("rows"))?,
            guards: serde_json::from_value(of("guards")?.clone()).map_err(|_| wrong("guards"))?,
            unguarded: flag("unguarded")?,
            dry_run: flag("dry_run")?,
            action: params.get("action").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let order = Order {
            manifest: json!({"key": "k"}),
            rows: 3,
            guards: ["/b".to_owned(), "/a".to_owned()].into(),
            unguarded: false,
            dry_run: true,
            action: Some("index-object-manifest".to_owned()),
        };
        assert_eq!(Order::read(&order.params()), Ok(order.clone()));
        assert_eq!(order.params()["guards"], json!(["/a", "/b"]));
        for name in ["manifest", "rows", "guards", "unguarded", "dry_run"] {
            let mut params = order.params();
            params.remove(name);
            assert!(Order::read(&params).unwrap_err().starts_with(name), "{name}");
        }
    }
}
