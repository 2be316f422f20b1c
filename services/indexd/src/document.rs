//! The documents of the answers. Keys stand in alphabetical order, which two calls of the SDK rely on.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{dates::Timestamp, guid::Guid};

/// Facts about each url of a record.
pub(crate) type UrlMetadata = BTreeMap<String, BTreeMap<String, Value>>;

/// A record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    pub(crate) acl: Vec<String>,
    pub(crate) authz: Vec<String>,
    pub(crate) baseid: Guid,
    pub(crate) content_created_date: Option<Timestamp>,
    pub(crate) content_updated_date: Option<Timestamp>,
    pub(crate) created_date: Option<Timestamp>,
    pub(crate) description: Option<String>,
    pub(crate) did: Guid,
    pub(crate) file_name: Option<String>,
    pub(crate) form: Option<String>,
    pub(crate) hashes: BTreeMap<String, Option<String>>,
    /// Texts or null; other values where another writer has left them in the single-table layout.
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) rev: String,
    pub(crate) size: Option<i64>,
    pub(crate) updated_date: Option<Timestamp>,
    pub(crate) uploader: Option<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) urls_metadata: UrlMetadata,
    pub(crate) version: Option<String>,
}

impl Record {
    /// The revision that the next write has to name.
    pub(crate) fn revision(&self) -> Revision {
        Revision { baseid: self.baseid.clone(), did: self.did.clone(), rev: self.rev.clone() }
    }
}

impl From<Record> for indexclient::Record {
    fn from(record: Record) -> Self {
        Self {
            did: record.did.into(),
            baseid: record.baseid.into(),
            rev: record.rev,
            form: record.form,
            size: record.size,
            file_name: record.file_name,
            version: record.version,
            uploader: record.uploader,
            description: record.description,
            urls: record.urls,
            urls_metadata: record
                .urls_metadata
                .into_iter()
                .map(|(url, facts)| (url, facts.into_iter().collect()))
                .collect(),
            acl: record.acl,
            authz: record.authz,
            hashes: record.hashes.into_iter().filter_map(|(kind, value)| Some((kind, value?))).collect(),
            metadata: record.metadata.into_iter().collect(),
            created_date: record.created_date.map(|date| date.to_string()),
            updated_date: record.updated_date.map(|date| date.to_string()),
            content_created_date: record.content_created_date.map(|date| date.to_string()),
            content_updated_date: record.content_updated_date.map(|date| date.to_string()),
        }
    }
}

/// A record at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    pub(crate) baseid: Guid,
    pub(crate) did: Guid,
    pub(crate) rev: String,
}

impl From<Revision> for indexclient::Revision {
    fn from(revision: Revision) -> Self {
        Self { did: revision.did.into(), rev: revision.rev, baseid: revision.baseid.into() }
    }
}

/// A bundle as the record API shows it: checksum and aliases are JSON inside a string.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Bundle {
    pub(crate) aliases: Option<String>,
    /// The members, where they are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bundle_data: Option<Value>,
    pub(crate) checksum: Option<String>,
    pub(crate) created_time: Option<Timestamp>,
    pub(crate) description: Option<String>,
    pub(crate) form: &'static str,
    pub(crate) id: Guid,
    pub(crate) name: Option<String>,
    pub(crate) size: Option<i64>,
    pub(crate) updated_time: Option<Timestamp>,
    pub(crate) version: Option<String>,
}

/// What an id of the record API can stand for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    Record(Record),
    Bundle(Bundle),
}

impl Entry {
    /// When it was made, for lists that mix records and bundles.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        match self {
            Self::Record(record) => record.created_date,
            Self::Bundle(bundle) => bundle.created_time,
        }
    }
}

/// A legacy alias.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LegacyAlias {
    pub(crate) hashes: BTreeMap<String, Option<String>>,
    pub(crate) host_authorities: Vec<String>,
    pub(crate) keeper_authority: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) name: String,
    pub(crate) release: Option<String>,
    pub(crate) rev: Option<String>,
    pub(crate) size: Option<i64>,
}

/// What the cross lookup finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one is made for an answer, and nearly all are entries")]
pub(crate) enum FoundDocument {
    Entry(Entry),
    LegacyAlias(LegacyAlias),
    /// A document of another index service.
    Remote(Map<String, Value>),
}

/// A url with its facts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct UrlDocument {
    pub(crate) metadata: BTreeMap<String, Option<String>>,
    pub(crate) url: String,
}

/// Record counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    pub(crate) file_count: i64,
    pub(crate) total_file_size: i64,
}
