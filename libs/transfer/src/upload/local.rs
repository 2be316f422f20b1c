//! Local files that are to be sent.

use std::{
    collections::HashSet,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::error::TransferError;

/// Most files of one run.
const MAX_FILES: usize = 5_000_000;
/// Longest name that a key of S3 has room for beside a GUID.
const LONGEST_NAME: usize = 900;
/// What follows the name of a file in the name of the file that has its metadata, as with gen3-client.
const METADATA: &str = "_metadata.json";

/// A local file, and what the commons is to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Where it is.
    pub path: PathBuf,
    /// The file name of its record.
    pub name: String,
    /// The record that its bytes are for; a new one is made without it.
    pub guid: Option<String>,
}

/// How files are found and named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By their last part.
    Base,
    /// By their path below the folder that is sent.
    Relative,
}

/// The files at some paths, and in folders all that are below them, in the order of their names. Links to
/// files are followed; links to folders and what is no file are left out.
///
/// # Errors
/// When a path is not there or cannot be read, a name cannot be one of a record, or there is nothing.
pub fn collect(
    paths: &[PathBuf],
    naming: Naming,
    without: &[PathBuf],
) -> Result<Vec<LocalFile>, TransferError> {
    let without: HashSet<PathBuf> = without.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut files = Vec::new();
    for path in paths {
        let kind = fs::metadata(path).map_err(|error| TransferError::file(path, error))?;
        if kind.is_dir() {
            walk(path, path, naming, &mut files)?;
        } else {
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            push(&mut files, path.clone(), &name)?;
        }
    }
    files.retain(|file| !fs::canonicalize(&file.path).is_ok_and(|path| without.contains(&path)));
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.path.clone()));
    if files.is_empty() {
        return Err(TransferError::Unusable("there is no file to send".to_owned()));
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, naming: Naming, files: &mut Vec<LocalFile>) -> Result<(), TransferError> {
    let failed = |error| TransferError::file(folder, error);
    let mut entries: Vec<_> =
        fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if kind.is_dir() {
            walk(root, &path, naming, files)?;
        } else if fs::metadata(&path).is_ok_and(|target| target.is_file()) {
            let name = match naming {
                Naming::Base => PathBuf::from(entry.file_name()),
                Naming::Relative => path.strip_prefix(root).unwrap_or(&path).to_owned(),
            };
            push(files, path, &name)?;
        }
    }
    Ok(())
}

fn push(files: &mut Vec<LocalFile>, path: PathBuf, name: &Path) -> Result<(), TransferError> {
    let bad = |reason: &str| TransferError::Unusable(format!("{}: {reason}", path.display()));
    let name = name.to_str().ok_or_else(|| bad("its name is not UTF-8; rename it"))?.to_owned();
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(bad("its name is too long or has control characters; rename it"));
    }
    if files.len() == MAX_FILES {
        return Err(TransferError::Unusable(format!(
            "there are more than {MAX_FILES} files; send fewer at once"
        )));
    }
    files.push(LocalFile { path, name, guid: None });
    Ok(())
}

/// Where the metadata of a file is, if it has some.
pub(crate) fn metadata_file(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}{METADATA}"))
}

/// Whether a file has the metadata of another one.
#[must_use]
pub fn is_metadata(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(METADATA))
}

/// Which version of a file was sent where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Stamp {
    commons: String,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// Seconds and nanoseconds of its last change.
    modified: (i64, i64),
    name: String,
    into: Option<String>,
}

impl Stamp {
    /// Of a file as it is now.
    pub(crate) fn now(commons: &str, file: &LocalFile) -> Result<Self, TransferError> {
        let failed = |error| TransferError::file(&file.path, error);
        let found: Metadata = fs::metadata(&file.path).map_err(failed)?;
        Ok(Self {
            commons: commons.to_owned(),
            path: fs::canonicalize(&file.path).map_err(failed)?,
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            name: file.name.clone(),
            into: file.guid.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_sent_with_all_that_is_below_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["z", "b/c/x.txt", "b/y", "journal"] {
            fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        let names = |naming| {
            let found = collect(&[root.to_owned()], naming, &[root.join("journal")]).unwrap();
            found.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Naming::Base), ["x.txt", "y", "z"]);
        assert_eq!(names(Naming::Relative), ["b/c/x.txt", "b/y", "z"]);
        assert!(collect(&[root.join("none")], Naming::Base, &[]).is_err());
    }

    #[test]
    fn metadata_stands_beside_its_file() {
        assert_eq!(metadata_file(Path::new("d/a.txt")), Path::new("d/a_metadata.json"));
        assert!(is_metadata(Path::new("d/a_metadata.json")) && !is_metadata(Path::new("d/a.json")));
    }
}
