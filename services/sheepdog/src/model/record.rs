//! Stored records.

use serde_json::{Map, Value};

/// A stored record with the targets of its links, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRecord {
    pub id: String,
    pub props: Map<String, Value>,
    pub links: Vec<Vec<LinkTarget>>,
}

/// A link's target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkTarget {
    pub id: String,
    /// The value of the property by which the target is named, in most cases `submitter_id`.
    pub key: Value,
}
