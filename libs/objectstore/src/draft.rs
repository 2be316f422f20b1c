//! Files that are not yet where they belong, or no longer.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

/// Folder of drafts, beside the buckets, so that a draft can be moved to its place in one step.
const DRAFTS: &str = ".drafts";

/// Makes a folder that only its owner can use, with those above it; one that is there is closed to others, if
/// it is ours: that of a volume may be somebody else's.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let path = path.display();
            tracing::warn!(%path, error = %error, "a folder of the object store is open to other accounts");
            Ok(())
        }
        done => done,
    }
}

/// Makes a folder that only its owner can use in one that is there.
///
/// # Errors
/// `NotFound` when that one is not.
pub(crate) fn new_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Makes sure that the names in a folder are on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Deletes a file, or a folder with all that is in it; nothing is wrong when it is not there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => fs::remove_dir_all(path),
        removed => removed,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the folder of drafts below `root`, and deletes what a killed process left there.
pub(crate) fn prepare(root: &Path) -> io::Result<()> {
    let folder = root.join(DRAFTS);
    private_folder(&folder)?;
    for entry in fs::read_dir(&folder)? {
        remove(&entry?.path())?;
    }
    Ok(())
}

/// Where data is that is still read although its object is gone.
pub(crate) fn aside(root: &Path, data: Uuid) -> PathBuf {
    root.join(DRAFTS).join(data.simple().to_string())
}

/// A file for its owner only. It is deleted unless it is moved to its place.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    moved: bool,
}

impl Draft {
    /// A new, empty file.
    pub(crate) fn create(root: &Path) -> io::Result<(Self, File)> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let path = root.join(DRAFTS).join(name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((Self { path, moved: false }, file))
    }

    /// A new file with this content, which is on the disk when this returns.
    pub(crate) fn with(root: &Path, content: &[u8]) -> io::Result<Self> {
        let (draft, mut file) = Self::create(root)?;
        io::Write::write_all(&mut file, content)?;
        file.sync_all()?;
        Ok(draft)
    }

    /// As [`Self::with`], but on the disk only when the whole file system is.
    pub(crate) fn unsynced(root: &Path, content: &[u8]) -> io::Result<Self> {
        let (draft, mut file) = Self::create(root)?;
        io::Write::write_all(&mut file, content)?;
        Ok(draft)
    }

    /// Moves it to its place, in one step: who looks there sees the old file or the new one.
    pub(crate) fn move_to(mut self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.moved
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(error = %error, "a draft of the object store cannot be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_private_and_leaves_nothing_unless_it_is_moved() {
        let root = tempfile::tempdir().unwrap();
        prepare(root.path()).unwrap();
        drop(Draft::with(root.path(), b"dropped").unwrap());
        let place = root.path().join("place");
        Draft::with(root.path(), b"kept").unwrap().move_to(&place).unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"kept");
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(root.path().join(DRAFTS)).unwrap().count(), 0);
    }

    #[test]
    fn a_start_deletes_what_a_killed_process_left_and_closes_an_open_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(DRAFTS);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("1-1"), "half").unwrap();
        prepare(root.path()).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
