//! What is known of an object beside its bytes.

use std::{
    collections::HashMap,
    fs::Metadata,
    time::{SystemTime, UNIX_EPOCH},
};

use s3s::dto::{self, Timestamp, TimestampFormat};
use serde::{Deserialize, Serialize};

/// The headers that an object is given when it is written, and has when it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_metadata: Option<HashMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) website_redirect_location: Option<String>,
}

impl Attributes {
    /// A time as it is kept; `None` for one that cannot be written.
    pub(super) fn time(time: Option<&Timestamp>) -> Option<String> {
        let mut text = Vec::new();
        time?.format(TimestampFormat::DateTime, &mut text).ok()?;
        String::from_utf8(text).ok()
    }

    /// The header `Expires`.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        Timestamp::parse(TimestampFormat::DateTime, self.expires.as_deref()?).ok()
    }
}

/// The record of an object. It belongs to one version of the bytes, which it names by size and time, because
/// a crash can come between the writing of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) e_tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum_sha256: Option<String>,
    /// Bytes. Records of earlier versions do not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// Nanoseconds since 1970, when the bytes were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<u64>,
    /// `None` in records of earlier versions, which had a file of their own for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<Attributes>,
}

impl Record {
    pub(super) fn new(e_tag: String, checksum: dto::Checksum, attributes: Attributes) -> Self {
        Self {
            e_tag: Some(e_tag),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            size: None,
            modified: None,
            attributes: Some(attributes),
        }
    }

    /// The same, of the bytes in this file.
    pub(super) fn of(mut self, file: &Metadata) -> Self {
        (self.size, self.modified) = (Some(file.len()), modified(file));
        self
    }

    /// Whether it belongs to the bytes in this file. Records of earlier versions do not say and are believed.
    pub(super) fn is_of(&self, file: &Metadata) -> bool {
        self.size.is_none_or(|size| size == file.len())
            && self.modified.is_none_or(|time| modified(file) == Some(time))
    }

    pub(super) fn checksum(&self) -> dto::Checksum {
        dto::Checksum {
            checksum_crc32: self.checksum_crc32.clone(),
            checksum_crc32c: self.checksum_crc32c.clone(),
            checksum_crc64nvme: self.checksum_crc64nvme.clone(),
            checksum_sha1: self.checksum_sha1.clone(),
            checksum_sha256: self.checksum_sha256.clone(),
            ..dto::Checksum::default()
        }
    }
}

fn modified(file: &Metadata) -> Option<u64> {
    let time = file.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_belongs_to_the_bytes_that_it_was_made_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("object");
        std::fs::write(&path, "first").unwrap();
        let file = std::fs::metadata(&path).unwrap();
        let record = Record::new("tag".into(), dto::Checksum::default(), Attributes::default()).of(&file);
        assert!(record.is_of(&file));
        std::fs::write(&path, "second").unwrap();
        assert!(!record.is_of(&std::fs::metadata(&path).unwrap()));
    }

    #[test]
    fn records_of_earlier_versions_are_read() {
        let record: Record = serde_json::from_str(r#"{"e_tag":"ab","checksum_crc32":"AAAA"}"#).unwrap();
        assert_eq!(record.e_tag.as_deref(), Some("ab"));
        assert_eq!(record.checksum().checksum_crc32.as_deref(), Some("AAAA"));
        assert_eq!(record.attributes, None);
    }
}
