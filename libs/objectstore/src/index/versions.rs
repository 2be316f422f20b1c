//! The versions of a bucket that are not the current ones, and its delete markers: in the order of their
//! keys, and of one key the newest first. A page of them, with the current ones, costs what the page has.

use std::ops::Bound;

use redb::{Range, ReadOnlyTable, StorageError, WriteTransaction};
use uuid::Uuid;

use super::{
    pages::{common, successor},
    summary::Summary,
    tables::Table,
};
use crate::{record::Record, version::Version};

pub(super) type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Ends a key in a row. Within it a zero is followed by one, so that rows are in the order of their keys.
const END: [u8; 2] = [0, 0];
/// Comes after all rows of a key.
const AFTER: [u8; 2] = [0, 1];
/// Bytes of the time and of the version.
const TAIL: usize = 24;

/// The name of the table of a bucket.
pub(super) fn table(bucket: &str) -> String {
    format!("versions of {bucket}")
}

fn escaped(key: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(key.len() + END.len() + TAIL);
    for byte in key {
        escaped.push(*byte);
        if *byte == 0 {
            escaped.push(1);
        }
    }
    escaped
}

fn with(mut key: Vec<u8>, end: [u8; 2]) -> Vec<u8> {
    key.extend(end);
    key
}

/// Where the row of a version is.
fn row(key: &str, modified: u64, version: Version) -> Vec<u8> {
    let mut row = with(escaped(key.as_bytes()), END);
    // The newest is the first.
    row.extend((u64::MAX - modified).to_be_bytes());
    row.extend(version.id().as_bytes());
    row
}

/// What [`row`] wrote: the key and the version.
fn read_row(row: &[u8]) -> Option<(Vec<u8>, Version)> {
    let (escaped, tail) = row.split_at_checked(row.len().checked_sub(TAIL)?)?;
    let id = Uuid::from_slice(tail.get(8..)?).ok()?;
    let mut key = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.strip_suffix(&END)?.iter();
    while let Some(byte) = bytes.next() {
        key.push(*byte);
        if *byte == 0 {
            bytes.next();
        }
    }
    Some((key, Version::of_id(id)))
}

/// Notes a version.
pub(super) fn put(transaction: &WriteTransaction, bucket: &str, record: &Record) -> Result<(), redb::Error> {
    let mut value = vec![u8::from(record.is_marker)];
    value.extend(Summary::of(record).encode());
    let row = row(&record.key, record.modified, record.version());
    transaction.open_table(Table::new(&table(bucket)))?.insert(row.as_slice(), value.as_slice())?;
    Ok(())
}

/// Forgets a version.
pub(super) fn remove(
    transaction: &WriteTransaction,
    bucket: &str,
    record: &Record,
) -> Result<(), redb::Error> {
    let row = row(&record.key, record.modified, record.version());
    transaction.open_table(Table::new(&table(bucket)))?.remove(row.as_slice())?;
    Ok(())
}

/// The newest version of a key but `except`.
pub(super) fn newest(
    rows: &Rows,
    key: &str,
    except: Option<Version>,
) -> Result<Option<Version>, StorageError> {
    let (begin, end) = (with(escaped(key.as_bytes()), END), with(escaped(key.as_bytes()), AFTER));
    for entry in rows.range::<&[u8]>(begin.as_slice()..end.as_slice())? {
        let version = read_row(entry?.0.value()).map(|(_, version)| version);
        if version.is_some() && version != except {
            return Ok(version);
        }
    }
    Ok(None)
}

/// After what a page of versions begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// All versions of this key.
    Key(String),
    /// The current one of this key.
    Current(String),
    /// This version, which is not the current one and was written then (nanoseconds since 1970).
    Version(String, u64, Version),
}

impl After {
    fn key(&self) -> &str {
        match self {
            Self::Key(key) | Self::Current(key) | Self::Version(key, ..) => key,
        }
    }
}

/// What is wanted of the versions of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct WantedVersions {
    pub(crate) prefix: String,
    /// Keys that have it after the prefix are told of together; never empty.
    pub(crate) delimiter: Option<String>,
    pub(crate) after: Option<After>,
    pub(crate) most: usize,
}

/// A version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedVersion {
    pub(crate) key: String,
    pub(crate) version: Version,
    pub(crate) is_latest: bool,
    pub(crate) is_marker: bool,
    pub(crate) summary: Summary,
}

/// What a page of versions has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionEntry {
    Version(ListedVersion),
    Prefix(String),
}

/// A page of the versions of a bucket.
#[derive(Debug, Default)]
pub(crate) struct VersionsPage {
    pub(crate) entries: Vec<VersionEntry>,
    /// The key, and the version, after which the next page begins, if there is one.
    pub(crate) next: Option<(String, Option<Version>)>,
    /// Entries of the index that were read for it.
    pub(crate) looked_at: usize,
}

impl VersionsPage {
    /// Adds an entry, or says that the page is full.
    fn add(&mut self, entry: VersionEntry, most: usize) -> bool {
        if self.entries.len() == most {
            self.next = self.entries.last().map(|last| match last {
                VersionEntry::Version(last) => (last.key.clone(), Some(last.version)),
                VersionEntry::Prefix(prefix) => (prefix.clone(), None),
            });
            return false;
        }
        self.entries.push(entry);
        true
    }
}

/// Current objects and other versions, each in the order of keys.
struct Merged<'t> {
    current: Option<Range<'t, &'static [u8], &'static [u8]>>,
    beside: Option<Range<'t, &'static [u8], &'static [u8]>>,
    next_current: Option<(Vec<u8>, Summary)>,
    next_beside: Option<(Vec<u8>, Version, bool, Summary)>,
    looked_at: usize,
}

/// A version as it is come to.
struct Met {
    key: Vec<u8>,
    /// `None` for the current one: its summary says which it is.
    version: Option<Version>,
    is_marker: bool,
    summary: Summary,
}

impl<'t> Merged<'t> {
    fn new(
        (keys, from_key): (Option<&'t Rows>, Bound<Vec<u8>>),
        (rows, from_row): (Option<&'t Rows>, Bound<Vec<u8>>),
    ) -> Result<Self, StorageError> {
        let range = |table: &'t Rows, from: Bound<Vec<u8>>| {
            table.range::<&[u8]>((from.as_ref().map(Vec::as_slice), Bound::Unbounded))
        };
        let mut merged = Self {
            current: keys.map(|keys| range(keys, from_key)).transpose()?,
            beside: rows.map(|rows| range(rows, from_row)).transpose()?,
            next_current: None,
            next_beside: None,
            looked_at: 0,
        };
        merged.read_current()?;
        merged.read_beside()?;
        Ok(merged)
    }

    fn read_current(&mut self) -> Result<(), StorageError> {
        let next = self.current.as_mut().and_then(Iterator::next).transpose()?;
        self.next_current = next.map(|(key, value)| (key.value().to_vec(), Summary::decode(value.value())));
        self.looked_at += usize::from(self.next_current.is_some());
        Ok(())
    }

    fn read_beside(&mut self) -> Result<(), StorageError> {
        self.next_beside = None;
        while let Some((row, value)) = self.beside.as_mut().and_then(Iterator::next).transpose()? {
            self.looked_at += 1;
            let Some((key, version)) = read_row(row.value()) else { continue };
            let (marker, summary) = value.value().split_at(value.value().len().min(1));
            self.next_beside = Some((key, version, marker == [1], Summary::decode(summary)));
            break;
        }
        Ok(())
    }

    /// The next one: of a key the current one comes first.
    fn next(&mut self) -> Result<Option<Met>, StorageError> {
        let is_current = match (&self.next_current, &self.next_beside) {
            (Some((key, _)), Some((beside, ..))) => key <= beside,
            (current, _) => current.is_some(),
        };
        if is_current {
            let met = self.next_current.take();
            self.read_current()?;
            return Ok(met.map(|(key, summary)| Met { key, version: None, is_marker: false, summary }));
        }
        let met = self.next_beside.take();
        self.read_beside()?;
        Ok(met.map(|(key, version, is_marker, summary)| Met {
            key,
            version: Some(version),
            is_marker,
            summary,
        }))
    }
}

/// Where a page begins: among the current ones, and among the others.
fn begin(wanted: &WantedVersions) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let prefix = wanted.prefix.as_bytes();
    let Some(after) = wanted.after.as_ref().filter(|after| after.key().as_bytes() >= prefix) else {
        return (Bound::Included(prefix.to_vec()), Bound::Included(escaped(prefix)));
    };
    let key = after.key().as_bytes();
    let beside = match after {
        After::Key(_) => Bound::Included(with(escaped(key), AFTER)),
        After::Current(_) => Bound::Included(with(escaped(key), END)),
        After::Version(key, modified, version) => Bound::Excluded(row(key, *modified, *version)),
    };
    (Bound::Excluded(key.to_vec()), beside)
}

/// Reads a page. Keys that share a prefix up to the delimiter are jumped over, not read.
///
/// # Errors
/// When the index cannot be read.
pub(super) fn page(
    keys: Option<&Rows>,
    rows: Option<&Rows>,
    wanted: &WantedVersions,
) -> Result<VersionsPage, StorageError> {
    let mut page = VersionsPage::default();
    if wanted.most == 0 {
        return Ok(page);
    }
    let (mut from_key, mut from_row) = begin(wanted);
    // A key whose newest version was come to.
    let mut begun = match &wanted.after {
        Some(After::Current(key) | After::Version(key, ..)) => key.clone(),
        _ => String::new(),
    };
    loop {
        let mut merged = Merged::new((keys, from_key), (rows, from_row))?;
        let mut jump = None;
        while let Some(met) = merged.next()? {
            let key = String::from_utf8_lossy(&met.key).into_owned();
            let Some(rest) = key.strip_prefix(&wanted.prefix) else { break };
            if let Some(name) = common(&wanted.prefix, rest, wanted.delimiter.as_deref()) {
                jump = successor(name.as_bytes());
                let is_new = wanted.after.as_ref().is_none_or(|after| name.as_str() > after.key());
                if is_new && !page.add(VersionEntry::Prefix(name), wanted.most) {
                    jump = None;
                }
                break;
            }
            let is_latest = key != begun;
            begun.clone_from(&key);
            let Met { version, is_marker, summary, .. } = met;
            let version = version.unwrap_or(summary.version);
            let listed = ListedVersion { key, version, is_latest, is_marker, summary };
            if !page.add(VersionEntry::Version(listed), wanted.most) {
                break;
            }
        }
        page.looked_at += merged.looked_at;
        match jump {
            Some(key) => {
                from_row = Bound::Included(escaped(&key));
                from_key = Bound::Included(key);
            }
            None => return Ok(page),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_keys_and_of_one_the_newest_is_first() {
        let keys = ["", "\0", "\0\0", "\0\u{1}", "a", "a\0", "a\0b", "a\u{1}", "a/b", "ab", "ä"];
        let (old, new) = (Version::Of(Uuid::new_v4()), Version::Null);
        let mut rows = Vec::new();
        for key in keys {
            for (modified, version) in [(5, new), (4, old)] {
                let row = row(key, modified, version);
                assert_eq!(read_row(&row), Some((key.as_bytes().to_vec(), version)));
                rows.push(row);
            }
        }
        assert!(rows.is_sorted());
        assert_eq!(read_row(b"short"), None);
    }
}
