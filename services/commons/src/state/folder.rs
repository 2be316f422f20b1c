//! The folder itself: whose it is, and that it is nobody else's business.

use std::{
    fs::{self, Permissions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::failure::Failure;

/// Names in a state folder that are nobody else's business. `postgres` is another account's, if we are root.
pub(crate) const PRIVATE: [&str; 13] = [
    "lock",
    SECRETS,
    "keys",
    "credentials.json",
    WTS_CLIENT,
    "run.json",
    "options.json",
    "commons.log",
    "dictionary.json",
    "postgres.log",
    "postgres.log.1",
    "objects",
    "search",
];

/// The file with what is generated once.
pub(crate) const SECRETS: &str = "secrets.json";

/// What fence knows the workspace token service by.
pub(crate) const WTS_CLIENT: &str = "wts-client.json";

/// PostgreSQL's file that says which major version made its folder.
pub(crate) const VERSION_OF_DATABASES: &str = "PG_VERSION";

/// Where a commons of this machine keeps everything.
#[derive(Debug, Clone, Args)]
pub struct StateArgs {
    /// The state folder: databases, objects, keys, secrets.
    #[arg(long = "state", value_name = "DIR", env = "COMMONS_STATE", default_value = ".commons")]
    pub folder: PathBuf,
}

/// A state folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
}

impl State {
    /// Opens `folder`, making it (for its owner only) when there is none.
    ///
    /// # Errors
    /// When it cannot be made or is not a folder.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let told = || format!("cannot use the state folder {}", absolute(folder).display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(told)?;
        let state = Self { folder: folder.canonicalize().with_context(told)? };
        state.protect();
        Ok(state)
    }

    /// Takes away what others could read. A folder may have been made by somebody else: by an administrator,
    /// a service manager, a container's volume.
    fn protect(&self) {
        let mine = PRIVATE.iter().map(|name| self.path(name));
        for path in std::iter::once(self.folder.clone()).chain(mine) {
            let Ok(meta) = fs::metadata(&path) else { continue };
            let mode = meta.permissions().mode();
            // A folder with the sticky bit, such as that for temporary files, belongs to everybody.
            if mode & 0o077 == 0 || mode & 0o1000 != 0 {
                continue;
            }
            match fs::set_permissions(&path, Permissions::from_mode(mode & 0o700)) {
                Ok(()) => {
                    tracing::warn!(path = %path.display(), "others could read this, and cannot any more");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, path = %path.display(), "others can read this");
                }
            }
        }
    }

    /// A folder that is there already, as it is.
    pub(crate) fn untouched(folder: &Path) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        folder.join("lock").is_file().then_some(Self { folder })
    }

    /// Opens a folder that must be there already.
    ///
    /// # Errors
    /// When no commons ever ran on it.
    pub(crate) fn existing(folder: &Path) -> anyhow::Result<Self> {
        let shown = absolute(folder);
        let failed = |error| anyhow!("cannot use the state folder {}: {error}", shown.display());
        match fs::metadata(folder.join(SECRETS)) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let told = format!(
                    "no commons has run on the state folder {}; start one with `commons up`, or name another \
                     folder with --state",
                    shown.display()
                );
                return Err(Failure::Prerequisite(told).into());
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let told = format!("the state folder {} belongs to somebody else: {error}", shown.display());
                return Err(Failure::Prerequisite(told).into());
            }
            Err(error) => return Err(failed(error)),
        }
        Self::open(folder)
    }

    /// The folder's absolute path.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// For messages: a relative path says little to who does not know where it counts from.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// For tests: a folder that did not exist before.
#[cfg(test)]
pub(super) fn fresh() -> (tempfile::TempDir, State) {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let state = State::open(&folder.path().join("a/state")).expect("the folder can be made");
    (folder, state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_could_read_is_private_once_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let (objects, log) = (folder.path().join("objects"), folder.path().join("postgres.log"));
        fs::create_dir(&objects).unwrap();
        fs::write(&log, "").unwrap();
        open(&objects, 0o755);
        open(&log, 0o644);
        open(folder.path(), 0o755);
        State::open(folder.path()).unwrap();
        assert_eq!((mode(folder.path()), mode(&objects), mode(&log)), (0o700, 0o700, 0o600));
        open(folder.path(), 0o1777);
        State::open(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o1777, "a folder for everybody stays one");
    }

    #[test]
    fn a_folder_without_a_commons_is_said_to_be_one() {
        let (_folder, state) = fresh();
        let refused = State::existing(state.folder()).unwrap_err().to_string();
        assert!(refused.contains("commons up"), "{refused}");
    }
}
