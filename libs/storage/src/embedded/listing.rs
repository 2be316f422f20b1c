//! The objects of a bucket, in the order of their keys.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use s3s::S3Result;

use super::{files::Files, long_keys::LongKeys, room::failed};

/// What is wanted of a bucket.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) prefix: String,
    /// Keys that have it after the prefix are told of together; never empty.
    pub(super) delimiter: Option<String>,
    /// Only what comes after this.
    pub(super) after: Option<String>,
    pub(super) most: usize,
}

/// A page of a bucket.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// What to give as `after` for the next page, if there is one.
    pub(super) next: Option<String>,
}

/// What a page has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Object { key: String, size: u64, modified: SystemTime },
    Prefix(String),
}

/// Lists objects. It looks at all names of the bucket for each page.
///
/// # Errors
/// 404 for a bucket that is not there.
pub(super) fn list(files: &Files, long_keys: &LongKeys, bucket: &str, wanted: &Wanted) -> S3Result<Page> {
    let folder = files.bucket(bucket)?;
    let mut names = Vec::new();
    collect(&folder, &folder, &mut names).map_err(failed)?;
    let mut keys: Vec<(String, PathBuf)> = Vec::with_capacity(names.len());
    for (name, path) in names {
        match long_keys.real(&name).map_err(failed)? {
            Some(key) => keys.push((key.into_owned(), path)),
            // An object without a name must not hide all others.
            None => tracing::error!(bucket, stored = name, "an object is not listed: its key is not known"),
        }
    }
    keys.sort_unstable();
    page(&keys, wanted).map_err(failed)
}

fn page(keys: &[(String, PathBuf)], wanted: &Wanted) -> io::Result<Page> {
    let after = wanted.after.as_deref();
    let mut page = Page::default();
    let mut last: Option<String> = None;
    for (key, path) in keys {
        let Some(rest) = key.strip_prefix(&wanted.prefix) else { continue };
        let common = wanted.delimiter.as_deref().and_then(|delimiter| {
            let end = rest.find(delimiter)? + delimiter.len();
            Some(format!("{}{}", wanted.prefix, rest.get(..end)?))
        });
        let name = common.as_deref().unwrap_or(key);
        if after.is_some_and(|after| name <= after) || last.as_deref() == Some(name) {
            continue;
        }
        if page.entries.len() >= wanted.most {
            page.next = last;
            break;
        }
        let name = name.to_owned();
        let entry = match common {
            Some(prefix) => Entry::Prefix(prefix),
            None => match fs::metadata(path) {
                Ok(file) => Entry::Object { key: name.clone(), size: file.len(), modified: file.modified()? },
                // Deleted meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            },
        };
        page.entries.push(entry);
        last = Some(name);
    }
    Ok(page)
}

/// The names of all files below `folder`, relative to `bucket`.
fn collect(bucket: &Path, folder: &Path, names: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Emptied and deleted meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            collect(bucket, &path, names)?;
            continue;
        }
        match path.strip_prefix(bucket).ok().and_then(Path::to_str) {
            Some(name) => names.push((name.to_owned(), path)),
            None => tracing::error!(path = %path.display(), "a file is not listed: its name is not UTF-8"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<(String, PathBuf)> {
        // Any file that is there has a size and a time.
        let mut keys: Vec<_> =
            names.iter().map(|name| ((*name).to_owned(), PathBuf::from("/dev/null"))).collect();
        keys.sort();
        keys
    }

    fn names(page: &Page) -> Vec<&str> {
        page.entries
            .iter()
            .map(|entry| match entry {
                Entry::Object { key, .. } => key.as_str(),
                Entry::Prefix(prefix) => prefix.as_str(),
            })
            .collect()
    }

    fn wanted(prefix: &str, delimiter: Option<&str>, most: usize) -> Wanted {
        Wanted { prefix: prefix.into(), delimiter: delimiter.map(str::to_owned), after: None, most }
    }

    #[test]
    fn pages_follow_each_other_without_gaps_and_repetitions() {
        let keys = keys(&["a", "a/b", "b/1", "b/2", "c", "é/x"]);
        for (delimiter, all) in [(None, 6), (Some("/"), 5)] {
            let whole = page(&keys, &wanted("", delimiter, 100)).unwrap();
            assert_eq!(whole.entries.len(), all);
            assert_eq!(whole.next, None);
            let mut pieces = Vec::new();
            let mut query = wanted("", delimiter, 2);
            loop {
                let piece = page(&keys, &query).unwrap();
                pieces.extend(piece.entries);
                match piece.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            assert_eq!(pieces, whole.entries, "{delimiter:?}");
        }
    }

    #[test]
    fn prefixes_and_delimiters_of_any_kind_are_texts() {
        let keys = keys(&["g/a", "g/bäc", "g/bäd", "h"]);
        assert_eq!(names(&page(&keys, &wanted("g/", None, 9)).unwrap()), ["g/a", "g/bäc", "g/bäd"]);
        assert_eq!(names(&page(&keys, &wanted("g/", Some("ä"), 9)).unwrap()), ["g/a", "g/bä"]);
        assert_eq!(names(&page(&keys, &wanted("", Some("/"), 9)).unwrap()), ["g/", "h"]);
        assert_eq!(names(&page(&keys, &wanted("x", None, 9)).unwrap()), [""; 0]);
    }
}
