//! What is known of an object beside its bytes.

use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::StatusCode;
use s3s::{
    S3Result,
    dto::{Timestamp, TimestampFormat},
    s3_error,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{checksums::Checksums, version::Version, wording::refused};

/// The headers that an object is given when it is written, and has when it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_metadata: Option<HashMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website_redirect_location: Option<String>,
}

/// Takes the attributes out of a request of the protocol.
macro_rules! attributes {
    ($input:expr) => {
        $crate::record::Attributes {
            user_metadata: $input.metadata.take(),
            content_encoding: $input.content_encoding.take(),
            content_type: $input.content_type.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            expires: $crate::record::Attributes::time($input.expires.as_ref()),
            website_redirect_location: $input.website_redirect_location.take(),
        }
    };
}
pub(crate) use attributes;

/// Bytes of the names and values of user metadata (Amazon S3).
const LARGEST_METADATA: usize = 2048;

impl Attributes {
    /// The same, if they are not too much.
    ///
    /// # Errors
    /// 400 for more user metadata than Amazon S3 takes, and for a place that nobody can be sent to.
    pub(crate) fn checked(self) -> S3Result<Self> {
        let is_place = |to: &str| ["/", "http://", "https://"].iter().any(|begin| to.starts_with(begin));
        if self.website_redirect_location.as_deref().is_some_and(|to| !is_place(to)) {
            let told = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
            return Err(refused(StatusCode::BAD_REQUEST, "InvalidRedirectLocation", told));
        }
        let size = |(name, value): (&String, &String)| name.len() + value.len();
        let size: usize = self.user_metadata.iter().flatten().map(size).sum();
        if size > LARGEST_METADATA { Err(s3_error!(MetadataTooLarge)) } else { Ok(self) }
    }

    /// A time as it is kept; `None` for one that cannot be written.
    pub(crate) fn time(time: Option<&Timestamp>) -> Option<String> {
        let mut text = Vec::new();
        time?.format(TimestampFormat::DateTime, &mut text).ok()?;
        String::from_utf8(text).ok()
    }

    /// The header `Expires`.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        Timestamp::parse(TimestampFormat::DateTime, self.expires.as_deref()?).ok()
    }
}

/// A part of an object that came in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPart {
    pub(crate) number: i32,
    pub(crate) size: u64,
    /// The name of its file, which has its MD5.
    pub(crate) file: String,
    pub(crate) md5: String,
    #[serde(default, skip_serializing_if = "Checksums::is_empty")]
    pub(crate) checksums: Checksums,
}

/// The record of an object: the object is what its record says, and there is none without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) size: u64,
    /// Nanoseconds since 1970, when it was written.
    pub(crate) modified: u64,
    pub(crate) e_tag: String,
    /// Names the file of its bytes, or the folder of its parts.
    pub(crate) data: Uuid,
    /// `None` when all bytes are in one file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parts: Option<Vec<StoredPart>>,
    /// Of the one file. `None` for an object of an earlier version that came in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) md5: Option<String>,
    #[serde(default, skip_serializing_if = "Checksums::is_empty")]
    pub(crate) checksums: Checksums,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
    /// Whether it was written while its bucket kept versions. Its data names the version then; all others
    /// are the version `null` of their key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_versioned: bool,
    /// Whether it is a delete marker, which has no bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_marker: bool,
}

impl Record {
    /// The record of one file, written now.
    pub(crate) fn of_file(key: &str, size: u64, md5: String) -> Self {
        Self {
            key: key.to_owned(),
            size,
            modified: nanoseconds(SystemTime::now()),
            e_tag: md5.clone(),
            data: Uuid::new_v4(),
            parts: None,
            md5: Some(md5),
            checksums: Checksums::default(),
            attributes: Attributes::default(),
            tags: Vec::new(),
            is_versioned: false,
            is_marker: false,
        }
    }

    /// The record of a delete marker, written now.
    pub(crate) fn of_marker(key: &str) -> Self {
        Self { md5: None, is_marker: true, ..Self::of_file(key, 0, String::new()) }
    }

    /// Which version of its key it is.
    pub(crate) fn version(&self) -> Version {
        if self.is_versioned { Version::Of(self.data) } else { Version::Null }
    }

    /// The same, written at another time.
    pub(crate) fn at(mut self, time: SystemTime) -> Self {
        self.modified = nanoseconds(time);
        self
    }

    pub(crate) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.modified)
    }

    /// As it is written: JSON in one line, and its digest in the next, by which a torn or rotten record is
    /// told from a whole one.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("a record has only texts and numbers");
        let digest = hex::encode(Sha256::digest(&text));
        text.push(b'\n');
        text.extend_from_slice(digest.as_bytes());
        text.push(b'\n');
        text
    }

    /// What [`Self::encode`] wrote; `None` when it is damaged.
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let (json, digest) = text.split_at(end);
        let digest = std::str::from_utf8(digest).ok()?.trim_ascii();
        if digest != hex::encode(Sha256::digest(json)) {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    /// The record in this file; `None` when there is none.
    ///
    /// # Errors
    /// `InvalidData` for a damaged one.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the record of an object is damaged");
        Self::decode(&text).ok_or_else(damaged).map(Some)
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_a_changed_or_cut_one_is_not() {
        let mut record = Record::of_file("a\nb/ä\0", 3, "900150983cd24fb0d6963f7d28e17f72".into());
        record.tags.push(("k".into(), "v".into()));
        let text = record.encode();
        assert_eq!(Record::decode(&text), Some(record));
        for length in 0..text.len() - 1 {
            assert_eq!(Record::decode(&text[..length]), None, "cut at {length}");
        }
        for at in 0..text.len() - 1 {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert_eq!(Record::decode(&changed), None, "changed at {at}");
        }
    }
}
