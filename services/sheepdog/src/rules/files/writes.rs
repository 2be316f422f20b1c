//! What has to be written to the file index.

use std::collections::{HashMap, HashSet};

use indexclient::{Record, RecordPatch, Revision};

use crate::rules::members::Secrets;

/// What has to be written to the index, last of all. The new records stand with their entities.
#[derive(Default)]
pub(crate) struct IndexWrites {
    pub patch: Vec<Patch>,
    /// The number of new records.
    pub(super) created: usize,
    /// GUIDs of new records that several entities share, once they are known.
    pub shared: HashMap<usize, Option<String>>,
    /// The content that an entity of the request brings, and the number of its record.
    pub(super) contents: HashMap<(u64, u64), usize>,
    pub(super) secrets: Secrets,
    /// Records whose GUIDs became the ids of new nodes.
    pub(super) adopted: HashSet<(u64, u64)>,
}

/// A record to be changed, and how to change it back.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub revision: Revision,
    pub patch: RecordPatch,
    pub undo: RecordPatch,
}

impl Patch {
    /// Replaces the record's locations, and drops the facts about those that go.
    pub(crate) fn of_urls(record: &Record, urls: Vec<String>) -> Self {
        let mut facts = record.urls_metadata.clone();
        facts.retain(|url, _| urls.contains(url));
        let patch = RecordPatch { urls: Some(urls), urls_metadata: Some(facts), ..RecordPatch::default() };
        let undo = RecordPatch {
            urls: Some(record.urls.clone()),
            urls_metadata: Some(record.urls_metadata.clone()),
            ..RecordPatch::default()
        };
        Self { revision: record.revision(), patch, undo }
    }
}
