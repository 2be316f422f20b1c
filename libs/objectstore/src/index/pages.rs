//! A page of the keys of a bucket, at the cost of the page.

use std::{ops::Bound, time::SystemTime};

use redb::{ReadableTable, StorageError};

use super::summary::Summary;
use crate::checksums::{Algorithm, Composite};

/// What is wanted of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) prefix: String,
    /// Keys that have it after the prefix are told of together; never empty.
    pub(crate) delimiter: Option<String>,
    /// Only what comes after this.
    pub(crate) after: Option<String>,
    pub(crate) most: usize,
}

/// A page of a bucket.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// What to give as `after` for the next page, if there is one.
    pub(crate) next: Option<String>,
    /// Entries of the index that were read for it.
    pub(crate) looked_at: usize,
}

/// What a page has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Object {
        key: String,
        size: u64,
        modified: SystemTime,
        checksum: Option<(Algorithm, Option<Composite>)>,
        e_tag: String,
    },
    Prefix(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Object { key, .. } => key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// Reads a page. Keys that share a prefix up to the delimiter are jumped over, not read.
///
/// # Errors
/// When the index cannot be read.
pub(super) fn page(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    wanted: &Wanted,
) -> Result<Page, StorageError> {
    let mut page = Page::default();
    if wanted.most == 0 {
        return Ok(page);
    }
    let prefix = wanted.prefix.as_bytes();
    let mut from = match &wanted.after {
        Some(after) if after.as_bytes() >= prefix => Bound::Excluded(after.clone().into_bytes()),
        _ => Bound::Included(prefix.to_vec()),
    };
    loop {
        let begin = match &from {
            Bound::Included(key) => Bound::Included(key.as_slice()),
            Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
            Bound::Unbounded => Bound::Unbounded,
        };
        let mut jump = None;
        for entry in table.range::<&[u8]>((begin, Bound::Unbounded))? {
            let (key, value) = entry?;
            page.looked_at += 1;
            let Some(entry) = seen(key.value(), value.value(), wanted) else { return Ok(page) };
            if let Entry::Prefix(name) = &entry {
                jump = Some(successor(name.as_bytes()));
            }
            let is_new = wanted.after.as_deref().is_none_or(|after| entry.name() > after);
            if is_new {
                if page.entries.len() == wanted.most {
                    page.next = page.entries.last().map(|last| last.name().to_owned());
                    return Ok(page);
                }
                page.entries.push(entry);
            }
            if jump.is_some() {
                break;
            }
        }
        match jump {
            Some(Some(key)) => from = Bound::Included(key),
            _ => return Ok(page),
        }
    }
}

/// What a key is told as; `None` for one that does not have the prefix, as all that follow.
fn seen(key: &[u8], value: &[u8], wanted: &Wanted) -> Option<Entry> {
    let key = String::from_utf8_lossy(key);
    let rest = key.strip_prefix(&wanted.prefix)?;
    Some(match common(&wanted.prefix, rest, wanted.delimiter.as_deref()) {
        Some(common) => Entry::Prefix(common),
        None => {
            let Summary { size, modified, checksum, e_tag, .. } = Summary::decode(value);
            Entry::Object { key: key.into_owned(), size, modified, checksum, e_tag }
        }
    })
}

/// What a key that has `rest` after the prefix is told of with others as, if it is.
pub(super) fn common(prefix: &str, rest: &str, delimiter: Option<&str>) -> Option<String> {
    let delimiter = delimiter?;
    let end = rest.find(delimiter)? + delimiter.len();
    Some(format!("{prefix}{}", rest.get(..end)?))
}

/// The first key after all that begin with `prefix`; `None` when nothing can be after them.
pub(super) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            return Some(key);
        }
    }
    None
}
