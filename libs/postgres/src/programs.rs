//! Finding PostgreSQL's programs.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::PostgresError;

/// The server's programs, all from one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The folder.
    pub folder: PathBuf,
}

impl Programs {
    /// Finds `initdb` and `postgres`: in `POSTGRES_BIN`, where `pg_config` says, in Debian's folders (newest
    /// version first), then on the `PATH`.
    ///
    /// # Errors
    /// [`PostgresError::NotInstalled`], which names the folders that were searched.
    pub fn find() -> Result<Self, PostgresError> {
        let mut candidates: Vec<PathBuf> =
            env::var_os("POSTGRES_BIN").map(PathBuf::from).into_iter().collect();
        candidates.extend(pg_config_bindir());
        candidates.extend(debian_folders());
        candidates.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
        match candidates.iter().find(|folder| has_programs(folder)) {
            Some(folder) => Ok(Self { folder: folder.clone() }),
            None => {
                let mut looked_at: Vec<String> =
                    candidates.iter().map(|folder| folder.display().to_string()).collect();
                looked_at.dedup();
                Err(PostgresError::NotInstalled { looked_at: looked_at.join(", ") })
            }
        }
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn has_programs(folder: &Path) -> bool {
    // A wrapper script on the PATH may hand over to another user and cannot be given our own one.
    let binary = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path)
            .is_ok_and(|bytes| bytes.starts_with(b"\x7fELF") || cfg!(not(target_os = "linux")))
    };
    binary("initdb") && binary("postgres")
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

fn debian_folders() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}
