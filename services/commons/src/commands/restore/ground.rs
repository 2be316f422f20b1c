//! The folder that becomes the state folder.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    failure::{Failure, warn},
    state::{Lock, State},
};

/// Ends the name of the folder while it is being made.
const MAKING: &str = ".restoring";
/// How often a folder is deleted again into which a server that is just stopping still writes.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// A state folder that is being made.
pub(super) struct Ground {
    /// The folder as it is called now.
    pub(super) state: State,
    /// The folder that it becomes.
    pub(super) wanted: PathBuf,
    lock: Lock,
}

impl Ground {
    /// The absolute path of the state folder, if it can become one.
    ///
    /// # Errors
    /// When there is something.
    pub(super) fn check(folder: &Path) -> anyhow::Result<PathBuf> {
        let wanted = std::path::absolute(folder)?;
        let refused = |what: &str| {
            let told = format!(
                "{} {what}; a backup is restored into a folder that is not there yet, or an empty one: name \
                 another one with --state",
                wanted.display()
            );
            Err(Failure::Prerequisite(told).into())
        };
        match fs::read_dir(&wanted) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return refused("is not empty");
                }
                let parent = wanted.parent().unwrap_or(&wanted);
                if fs::metadata(&wanted)?.dev() != fs::metadata(parent)?.dev() {
                    return refused("is a file system of its own, which cannot be replaced by a folder");
                }
                Ok(wanted)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(wanted),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => refused("is no folder"),
            Err(error) => Err(error).with_context(|| format!("cannot use {}", wanted.display())),
        }
    }

    /// Begins with an empty folder beside `wanted`; what a killed restore has left in it is deleted.
    ///
    /// # Errors
    /// When another restore is at work there, or the folder cannot be made.
    pub(super) fn begin(wanted: PathBuf) -> anyhow::Result<Self> {
        let mut name = wanted.file_name().unwrap_or_default().to_owned();
        name.push(MAKING);
        let state = State::open(&wanted.with_file_name(name))?;
        let lock = state.lock()?;
        let told = || format!("{} cannot be emptied", state.folder().display());
        for entry in fs::read_dir(state.folder()).with_context(told)? {
            let path = entry.with_context(told)?.path();
            if path.file_name().is_some_and(|name| name != "lock") {
                remove(&path).with_context(told)?;
            }
        }
        Ok(Self { state, wanted, lock })
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// When somebody has made it meanwhile.
    pub(super) fn show(self) -> anyhow::Result<PathBuf> {
        let told = || format!("what was restored cannot be moved to {}", self.wanted.display());
        let folder = fs::File::open(self.state.folder()).with_context(told)?;
        rustix::fs::syncfs(&folder).map_err(io::Error::from).with_context(told)?;
        fs::rename(self.state.folder(), &self.wanted).with_context(told)?;
        if let Some(parent) = self.wanted.parent() {
            fs::File::open(parent).and_then(|parent| parent.sync_all()).with_context(told)?;
        }
        drop(self.lock);
        Ok(self.wanted)
    }

    /// Deletes what was made.
    pub(super) fn give_up(self) {
        if let Err(error) = remove(self.state.folder()) {
            let folder = self.state.folder().display();
            warn(&format!("{folder} is left and can be deleted: {error}"));
        }
    }
}

/// Deletes a folder or a file. The server of a killed restore may take a moment to stop.
#[expect(clippy::disallowed_methods, reason = "nothing else is done meanwhile")]
fn remove(path: &Path) -> io::Result<()> {
    let try_to = || if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    let mut removed = try_to();
    for _ in 0..TRIES {
        match &removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(PAUSE);
                removed = try_to();
            }
            _ => break,
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_empty_becomes_a_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (new, full) = (folder.path().join("new"), folder.path().join("full"));
        fs::create_dir(&full).unwrap();
        assert!(Ground::check(&full).is_ok(), "an empty one can");
        fs::write(full.join("secrets.json"), "{}").unwrap();
        let refused = Ground::check(&full).unwrap_err().to_string();
        assert!(refused.contains("is not empty") && refused.contains("--state"), "{refused}");
        assert!(Ground::check(&full.join("secrets.json")).is_err());
        let ground = Ground::begin(Ground::check(&new).unwrap()).unwrap();
        assert!(!new.exists(), "nothing is seen before it is whole");
        let again = Ground::begin(new.clone()).err().unwrap().to_string();
        assert!(again.contains("another commons"), "{again}");
        assert_eq!(ground.show().unwrap(), new);
        assert!(new.join("lock").is_file());
    }

    #[test]
    fn what_a_killed_restore_has_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("state");
        let left = folder.path().join("state.restoring/postgres");
        fs::create_dir_all(&left).unwrap();
        let ground = Ground::begin(wanted.clone()).unwrap();
        assert!(!left.exists());
        ground.give_up();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
