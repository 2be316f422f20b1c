//! How a mapping is run, and how that ends.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::sink::SinkError;

/// How a mapping is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many windows are worked on side by side, each with a connection of its own.
    pub connections: usize,
    /// Resource paths of project codes, where they are not `/programs/.../projects/...`.
    pub resources: HashMap<String, String>,
}

/// What of the graph is made, and as of when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    /// The name of a moment that another connection has exported and keeps; `None`: now.
    pub(crate) snapshot: Option<String>,
    /// Only a part of the roots.
    pub(crate) shard: Option<Shard>,
}

/// One of several parts of all roots, chosen by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 4, resources: HashMap::new() }
    }
}

/// What was built for an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// Documents that were written.
    pub documents: u64,
    /// Values that do not have the type of their field, and were left out, by field.
    pub misfits: BTreeMap<String, u64>,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database failed.
    #[error("the graph's database failed")]
    Database(#[from] sqlx::Error),
    /// Tables of the dictionary are not there.
    #[error("the database lacks tables of the dictionary, or they may not be read: {}", .0.join(", "))]
    MissingTables(Vec<String>),
    /// The sink failed.
    #[error("the documents cannot be written")]
    Sink(#[source] SinkError),
    /// One root would have too many documents.
    #[error("{0} would have more than {MOST_VARIANTS} documents; flatten fewer links, or sort them")]
    TooManyDocuments(String),
    /// The work was interrupted.
    #[error("a part of the work was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// Flattened children multiply documents.
pub(crate) const MOST_VARIANTS: usize = 10_000;
