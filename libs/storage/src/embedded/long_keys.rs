//! The real names of objects that are kept under the digest of their key.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    draft::{Draft, private_folder},
    names,
};

/// Folder of the real names, beside the buckets; no bucket can have this name.
const LONG_KEYS: &str = ".long-keys";

/// Remembers real names.
#[derive(Debug)]
pub(super) struct LongKeys {
    root: PathBuf,
}

impl LongKeys {
    /// Makes their folder.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        private_folder(&root.join(LONG_KEYS))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Remembers `key`, if it is kept under its digest. Called before anything is kept under `stored`.
    pub(super) fn remember(&self, stored: &str, key: &str) -> io::Result<()> {
        let Some(digest) = names::digest(stored) else { return Ok(()) };
        let path = self.root.join(LONG_KEYS).join(digest);
        if path.exists() {
            return Ok(());
        }
        Draft::with(&self.root, key.as_bytes())?.move_to(&path)
    }

    /// The key of a stored name; `None` when it was never remembered.
    pub(super) fn real<'n>(&self, stored: &'n str) -> io::Result<Option<Cow<'n, str>>> {
        let Some(digest) = names::digest(stored) else { return Ok(Some(Cow::Borrowed(stored))) };
        match fs::read(self.root.join(LONG_KEYS).join(digest)) {
            Ok(key) => Ok(String::from_utf8(key).ok().map(Cow::Owned)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
