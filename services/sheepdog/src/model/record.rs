//! Stored records.

use serde_json::{Map, Value};
use smallvec::SmallVec;

/// A stored record with the targets of its links, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredRecord {
    pub id: String,
    pub props: Map<String, Value>,
    pub links: Vec<Vec<LinkTarget>>,
}

/// The same as the database gave it: its properties are still JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawRecord<'a> {
    pub id: &'a str,
    pub props: &'a str,
    pub links: Vec<SmallVec<[RawTarget<'a>; 1]>>,
}

/// The same of a link's target: its key is still JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RawTarget<'a> {
    pub id: &'a str,
    pub key: &'a str,
}

/// A link's target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkTarget {
    pub id: String,
    /// The value of the property by which the target is named, in most cases `submitter_id`.
    pub key: Value,
}

impl RawRecord<'_> {
    /// With its properties read.
    ///
    /// # Errors
    /// When they are no object, or a key of a target is no JSON.
    pub(crate) fn read(&self) -> Result<StoredRecord, serde_json::Error> {
        let target = |target: &RawTarget<'_>| {
            Ok(LinkTarget { id: target.id.to_owned(), key: serde_json::from_str(target.key)? })
        };
        Ok(StoredRecord {
            id: self.id.to_owned(),
            props: serde_json::from_str(self.props)?,
            links: self
                .links
                .iter()
                .map(|targets| targets.iter().map(target).collect())
                .collect::<Result<_, _>>()?,
        })
    }
}
