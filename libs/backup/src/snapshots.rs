//! Snapshots: the records of a graph as other commons take them up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Described, Program, StoredFile};

/// A graph of one moment, changed so that others may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSnapshot {
    /// Its name.
    pub name: String,
    /// When it was made: RFC 3339.
    pub made: String,
    /// What wrote it.
    pub program: Program,
    /// The projects whose records it has.
    pub projects: Vec<String>,
    /// How many records of each type.
    pub nodes: BTreeMap<String, u64>,
    /// What was left out, replaced and shifted, in the words of the rules; they have no secret.
    pub rules: String,
    /// Tells which key the pseudonyms are of, and not the key: equal in snapshots whose pseudonyms are equal.
    pub key: String,
    /// The digest of the dictionary.
    pub dictionary: String,
    /// The records, as a PFB.
    pub graph: StoredFile,
}

impl Described for GraphSnapshot {
    const WORD: &'static str = "snapshot";
    const MARK: (&'static str, &'static str) = ("commons-snapshots.json", "commons_snapshot_place");
    const FORM: &'static str = "commons_snapshot";
    const FOLDER: &'static str = "snapshots/";

    fn name(&self) -> &str {
        &self.name
    }
}
