//! Records as other services see them.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Who asks for a write.
#[derive(Clone, PartialEq, Eq)]
pub enum Caller {
    /// The calling service itself, which indexd trusts (HTTP basic login).
    Service,
    /// A user, by the access token that came with the request.
    Bearer(String),
    /// Whoever sent this `Authorization` header, as it came; `None` without one.
    Header(Option<String>),
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Service => "Service",
            Self::Bearer(_) => "Bearer(..)",
            Self::Header(_) => "Header(..)",
        })
    }
}

/// A record of the index. Dates are ISO 8601 in UTC without a zone, as indexd writes them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// GUID.
    pub did: String,
    /// Shared by all versions.
    pub baseid: String,
    /// Changes with every write.
    pub rev: String,
    /// `object`, `container`, `multipart`; `None` for blank records.
    pub form: Option<String>,
    /// Bytes; `None` for blank records.
    pub size: Option<i64>,
    /// Name of the file.
    pub file_name: Option<String>,
    /// A version in the submitter's own words.
    pub version: Option<String>,
    /// Name of the user who uploads, until a submission claims the record.
    pub uploader: Option<String>,
    /// A description in the submitter's own words.
    pub description: Option<String>,
    /// Where the bytes are: `s3://bucket/key` and the like.
    pub urls: Vec<String>,
    /// Facts about each url.
    pub urls_metadata: IndexMap<String, IndexMap<String, Value>>,
    /// Legacy access list.
    pub acl: Vec<String>,
    /// Resource paths that guard the record.
    pub authz: Vec<String>,
    /// Hash type to value.
    pub hashes: IndexMap<String, String>,
    /// Further facts.
    pub metadata: IndexMap<String, Value>,
    /// When the record was made.
    pub created_date: Option<String>,
    /// When the record was last changed.
    pub updated_date: Option<String>,
    /// When the content was made.
    pub content_created_date: Option<String>,
    /// When the content was last changed.
    pub content_updated_date: Option<String>,
}

impl Record {
    /// Whether the bytes at `url` are in an archive, from which they must be retrieved before they are read.
    pub fn is_archived(&self, url: &str) -> bool {
        let facts = self.urls_metadata.get(url);
        let says = |name: &str, word: &str| {
            facts
                .and_then(|facts| facts.get(name)?.as_str())
                .is_some_and(|told| told.eq_ignore_ascii_case(word))
        };
        says(archived::TYPE, archived::ARCHIVE) && says(archived::AVAILABLE, "false")
    }

    /// The did and revision, for a following write.
    pub fn revision(&self) -> Revision {
        Revision { did: self.did.clone(), rev: self.rev.clone(), baseid: self.baseid.clone() }
    }
}

/// Words by which records say that bytes are in an archive.
pub mod archived {
    /// What kind of location it is.
    pub const TYPE: &str = "type";
    /// A location in an archive.
    pub const ARCHIVE: &str = "archive";
    /// Whether bytes can be had there: DRS shows it.
    pub const AVAILABLE: &str = "available";
}

/// Who has the bytes at one location.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holders {
    /// All records that name the location, and the one for which the bytes were uploaded, by did.
    pub records: Vec<Record>,
    /// Whether it is in a bucket for which this commons signs URLs, as far as is known. Where it is not
    /// known, it is.
    pub ours: bool,
}

/// A record to be created. Without a `did`, indexd chooses one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewRecord {
    /// GUID, or `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// What all versions of it will share, or `None`: indexd chooses. Whoever chooses it can tell later that
    /// a record is the one that they made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseid: Option<String>,
    /// `object`.
    pub form: String,
    /// Bytes.
    pub size: i64,
    /// Hash type to value.
    pub hashes: IndexMap<String, String>,
    /// Where the bytes are.
    pub urls: Vec<String>,
    /// Legacy access list.
    pub acl: Vec<String>,
    /// Resource paths.
    pub authz: Vec<String>,
    /// Name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Name of the user who uploads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploader: Option<String>,
}

/// What an update replaces; `None` leaves a field alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordPatch {
    /// New locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
    /// New facts about locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls_metadata: Option<IndexMap<String, IndexMap<String, Value>>>,
    /// New legacy access list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<String>>,
    /// New resource paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authz: Option<Vec<String>>,
    /// New uploader; `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub uploader: Option<Option<String>>,
    /// New file name; `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub file_name: Option<Option<String>>,
}

/// A field that is there, be it null.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl RecordPatch {
    /// Whether `record` is as this patch makes a record. Facts about locations are not looked at, for the
    /// index adds some by itself.
    pub fn is_applied_to(&self, record: &Record) -> bool {
        let same = |new: &Option<Vec<String>>, stored: &[String]| {
            new.as_ref().is_none_or(|new| {
                new.iter().all(|item| stored.contains(item)) && stored.iter().all(|item| new.contains(item))
            })
        };
        same(&self.urls, &record.urls)
            && same(&self.acl, &record.acl)
            && same(&self.authz, &record.authz)
            && self.uploader.as_ref().is_none_or(|uploader| *uploader == record.uploader)
            && self.file_name.as_ref().is_none_or(|name| *name == record.file_name)
    }
}

/// A record at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// GUID.
    pub did: String,
    /// The revision that a write must name.
    pub rev: String,
    /// Shared by all versions.
    #[serde(default)]
    pub baseid: String,
}

/// Whether a write is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is.
    Keep,
    /// It is undone: a dry run.
    Undo,
}

/// What has become of one of the records that were to be written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    Created,
    /// It has what it had not.
    Updated,
    /// It had all of it.
    Unchanged,
    /// It was not written because another one could not be.
    Left,
    /// It cannot be written.
    Refused {
        /// indexd's status.
        status: u16,
        /// indexd's message.
        detail: String,
    },
}

/// Why indexd did not do what it was asked to do. `detail` is indexd's own message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// 400: the request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 401 or 403: the caller may not do this.
    #[error("{detail}")]
    Refused {
        /// 401 or 403.
        status: u16,
        /// indexd's message.
        detail: String,
    },
    /// 404: there is no such record.
    #[error("{0}")]
    NotFound(String),
    /// 409: the record exists already, or the revision is stale.
    #[error("{0}")]
    Conflict(String),
    /// There was no usable answer.
    #[error("the file index cannot be reached: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_read_as_it_was_written() {
        let patch = RecordPatch {
            authz: Some(vec!["/programs/P".to_owned()]),
            uploader: Some(None),
            ..RecordPatch::default()
        };
        let text = serde_json::to_string(&patch).unwrap();
        assert_eq!(text, r#"{"authz":["/programs/P"],"uploader":null}"#);
        assert_eq!(serde_json::from_str::<RecordPatch>(&text).unwrap(), patch);
    }

    #[test]
    fn a_patch_is_applied_when_every_field_that_it_names_is_as_it_says() {
        let lists = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        let patch = RecordPatch { acl: lists(&["a", "b"]), uploader: Some(None), ..RecordPatch::default() };
        let record = Record { acl: vec!["b".to_owned(), "a".to_owned()], ..Record::default() };
        assert!(patch.is_applied_to(&record));
        assert!(!patch.is_applied_to(&Record { uploader: Some("ada".to_owned()), ..record.clone() }));
        assert!(!patch.is_applied_to(&Record { acl: Vec::new(), ..record }));
    }
}
