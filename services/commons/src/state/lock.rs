//! Who runs a commons on the folder, or starts or stops one.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use anyhow::{Context as _, anyhow};

use super::folder::State;
use crate::failure::Failure;

/// The right to run a commons on a state folder. It ends when it is dropped, and when the process is killed.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl State {
    /// Takes the right to run a commons on this folder.
    ///
    /// # Errors
    /// When another process has it.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        match self.try_lock()? {
            Ok(lock) => Ok(lock),
            Err(holder) => {
                let holder = holder.map(|process| format!(" (process {process})")).unwrap_or_default();
                let told = format!(
                    "another commons{holder} uses the state folder {}; stop it, or choose another folder \
                     with --state",
                    self.folder().display()
                );
                Err(Failure::Prerequisite(told).into())
            }
        }
    }

    /// The process that runs a commons on this folder, or starts or stops one, if there is any.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn holder(&self) -> anyhow::Result<Option<u32>> {
        Ok(self.try_lock()?.err().map(|holder| holder.unwrap_or_default()))
    }

    /// The lock, or who holds it.
    fn try_lock(&self) -> anyhow::Result<Result<Lock, Option<u32>>> {
        let path = self.path("lock");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())?;
                Ok(Ok(Lock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                Ok(Err(holder.trim().parse().ok()))
            }
            Err(TryLockError::Error(error)) => {
                Err(anyhow!(error).context(format!("cannot lock {}", path.display())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::state::folder::fresh;

    #[test]
    fn a_locked_folder_names_the_remedy() {
        let (_folder, state) = fresh();
        let lock = state.lock().unwrap();
        let refused = state.lock().unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())) && refused.contains("--state"),
            "{refused}"
        );
        drop(lock);
        assert!(state.lock().is_ok());
    }
}
