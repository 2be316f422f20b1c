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
        let candidates = candidates();
        match candidates.iter().find(|folder| has_programs(folder)) {
            Some(folder) => Ok(Self { folder: folder.clone() }),
            None => Err(PostgresError::NotInstalled { looked_at: listed(&candidates) }),
        }
    }

    /// Finds the programs of the major version that made the cluster in `data`, because no other can use it;
    /// those of [`Self::find`] when there is no cluster yet.
    ///
    /// # Errors
    /// [`PostgresError::NotInstalled`]; [`PostgresError::OtherMajor`] when only others are installed.
    pub fn find_for(data: &Path) -> Result<Self, PostgresError> {
        let first = Self::find()?;
        let Ok(made_by) = std::fs::read_to_string(data.join("PG_VERSION")) else { return Ok(first) };
        let made_by = made_by.trim();
        let fits = |programs: &Self| programs.major().is_none_or(|major| major == made_by);
        if fits(&first) {
            return Ok(first);
        }
        let others = candidates().into_iter().filter(|folder| has_programs(folder));
        others.map(|folder| Self { folder }).find(fits).ok_or_else(|| PostgresError::OtherMajor {
            data: data.to_owned(),
            made_by: made_by.to_owned(),
            installed: first.major().unwrap_or_default(),
        })
    }

    /// The major version, such as `15`; none if the program does not say it.
    fn major(&self) -> Option<String> {
        let said = Command::new(self.path("postgres")).arg("--version").output().ok()?;
        major_of(&String::from_utf8_lossy(&said.stdout)).map(str::to_owned)
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// Where the programs may be, the likeliest place first.
pub(crate) fn candidates() -> Vec<PathBuf> {
    let mut candidates: Vec<PathBuf> = env::var_os("POSTGRES_BIN").map(PathBuf::from).into_iter().collect();
    candidates.extend(pg_config_bindir());
    candidates.extend(debian_folders());
    candidates.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    candidates
}

pub(crate) fn listed(folders: &[PathBuf]) -> String {
    let mut listed: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    listed.dedup();
    listed.join(", ")
}

/// The major version in `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`.
pub(crate) fn major_of(said: &str) -> Option<&str> {
    let version = said.split_once("(PostgreSQL) ")?.1;
    version.split(|letter: char| !letter.is_ascii_digit()).next().filter(|major| !major.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some("15"));
        assert_eq!(major_of("postgres (PostgreSQL) 18devel"), Some("18"));
        assert_eq!(major_of("something else"), None);
    }

    #[test]
    fn a_cluster_of_a_version_that_is_not_installed_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let first = Programs::find().unwrap();
        assert_eq!(Programs::find_for(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join("PG_VERSION"), format!("{}\n", first.major().unwrap())).unwrap();
        assert_eq!(Programs::find_for(folder.path()).unwrap(), first);
        std::fs::write(folder.path().join("PG_VERSION"), "7\n").unwrap();
        let refused = Programs::find_for(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL 7") && refused.contains("POSTGRES_BIN"), "{refused}");
    }
}
