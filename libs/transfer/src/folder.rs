//! A folder that one process at a time works in.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::error::TransferError;

/// A file that is locked as long as this lives; a crash unlocks it.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    pub(crate) file: File,
}

impl Lock {
    /// Makes and locks a file.
    ///
    /// # Errors
    /// When another process has locked it, told by `busy`, or it cannot be made.
    pub(crate) fn take(path: &Path, busy: &str) -> Result<Self, TransferError> {
        let failed = |error| TransferError::file(path, error);
        loop {
            let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(TransferError::Unusable(busy.to_owned())),
                Err(error) => return Err(failed(error.into())),
                Ok(()) => {}
            }
            // Whoever had it may have removed it at its end; then another one counts.
            let own = file.metadata().map_err(failed)?;
            if fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (own.dev(), own.ino())) {
                return Ok(Self { path: path.to_owned(), file });
            }
        }
    }

    /// Removes the file, and unlocks it thereby.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Bytes that are free for the user in the file system of a folder.
pub(crate) fn room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_for_one_and_ends_with_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, "busy").unwrap();
        assert_eq!(Lock::take(&path, "busy").unwrap_err().to_string(), "busy");
        held.remove().unwrap();
        drop(Lock::take(&path, "busy").unwrap());
        Lock::take(&path, "busy").unwrap();
        assert!(room(folder.path()).is_some());
    }
}
