//! Making a database cluster (the data folder).

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{PostgresError, Programs, account::Account};

/// The cluster's own administrator.
pub(crate) const SUPERUSER: &str = "commons";

/// Whether `data` holds a complete cluster.
pub(crate) fn exists(data: &Path) -> bool {
    data.join("PG_VERSION").is_file()
}

/// Makes a cluster in `data`. It is made beside its place and moved there when complete, so that a crash
/// half-way leaves nothing that looks like a cluster.
pub(crate) fn create(
    programs: &Programs,
    account: Option<Account>,
    data: &Path,
    password: &str,
) -> Result<(), PostgresError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |source| PostgresError::File { path, source }
    };
    // The server's account can reach the system's folder for temporary files.
    let workshop = tempfile::Builder::new().prefix("commons-initdb-").tempdir().map_err(file_error(data))?;
    let making = workshop.path().join("data");
    let password_file = workshop.path().join("password");
    fs::create_dir(&making).map_err(file_error(&making))?;
    files::write_private(&password_file, password).map_err(file_error(&password_file))?;
    if let Some(account) = account {
        for path in [workshop.path(), &making, &password_file] {
            std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)).map_err(file_error(path))?;
        }
    }
    run_initdb(programs, account, &making, &password_file)?;
    if let Some(parent) = data.parent() {
        fs::create_dir_all(parent).map_err(file_error(parent))?;
    }
    let _ = fs::remove_dir_all(data);
    place(&making, data).map_err(file_error(data))
}

fn run_initdb(
    programs: &Programs,
    account: Option<Account>,
    data: &Path,
    password_file: &Path,
) -> Result<(), PostgresError> {
    let mut command = Command::new(programs.path("initdb"));
    command
        .args([
            "--username",
            SUPERUSER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
        ])
        .args(["--no-instructions", "--no-sync"])
        .arg("--pwfile")
        .arg(password_file)
        .arg("--pgdata")
        .arg(data)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    let output = command.output().map_err(|error| PostgresError::Init(error.to_string()))?;
    if !output.status.success() {
        return Err(PostgresError::Init(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(())
}

/// Moves a folder, across file systems if need be, and keeps its owners.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    if fs::rename(from, to).is_ok() {
        return Ok(());
    }
    let half: PathBuf = to.with_extension("half");
    let _ = fs::remove_dir_all(&half);
    let copied = Command::new("cp").arg("-a").arg(from).arg(&half).status()?;
    if !copied.success() {
        return Err(io::Error::other("cannot copy the new cluster into place"));
    }
    fs::rename(&half, to)
}
