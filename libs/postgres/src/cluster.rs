//! Making a database cluster (the data folder).

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::{Durability, Options, PostgresError, Programs, account::Account};

/// The cluster's own administrator.
pub(crate) const SUPERUSER: &str = "commons";

/// Beginning of the names of clusters that are being made.
const MAKING: &str = "postgres.new-";

/// Runs `initdb` with the password on standard input, so that it is in no file and in no argument. The pipe
/// is made here, as the account that opens it. Standard output is the folder, which the account may not be
/// able to walk to; what `initdb` prints is of no interest.
const INITDB: &str = r#"exec 3>&1 >/dev/null; cat | "$@""#;

/// Whether `data` holds a complete cluster.
pub(crate) fn exists(data: &Path) -> bool {
    data.join("PG_VERSION").is_file()
}

/// Makes a cluster in the data folder. It is made beside its place and moved there when it is complete and,
/// if it is to last, on the disk, so that a crash half-way leaves nothing that looks like a cluster.
pub(crate) fn create(
    programs: &Programs,
    account: Option<Account>,
    options: &Options,
) -> Result<(), PostgresError> {
    let data = &options.data;
    let file_error = PostgresError::file(data);
    let parent = parent(data);
    fs::create_dir_all(parent).map_err(&file_error)?;
    // Only its owner can enter it.
    let making = tempfile::Builder::new().prefix(MAKING).tempdir_in(parent).map_err(&file_error)?;
    if let Some(account) = account {
        chown(making.path(), Some(account.uid), Some(account.gid)).map_err(&file_error)?;
    }
    run_initdb(programs, account, making.path(), options)?;
    // A folder without a cluster: the last start was stopped half-way, or somebody made an empty one.
    let _ = fs::remove_dir_all(data);
    fs::rename(making.path(), data).map_err(&file_error)?;
    let _moved = making.keep();
    if options.durability == Durability::Full {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(&file_error)?;
    }
    Ok(())
}

fn parent(data: &Path) -> &Path {
    data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what interrupted starts left beside the data folder.
pub(crate) fn remove_leftovers(data: &Path) {
    let Ok(entries) = fs::read_dir(parent(data)) else { return };
    let is_leftover = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(MAKING);
    for entry in entries.filter_map(Result::ok).filter(is_leftover) {
        if let Err(error) = remove(&entry.path()) {
            tracing::warn!(error = %error, "what an interrupted start left behind cannot be removed");
        }
    }
}

/// Removes a folder into which the `initdb` of a killed start may still be writing.
#[expect(clippy::disallowed_methods, reason = "it runs on a thread for work that blocks")]
fn remove(folder: &Path) -> io::Result<()> {
    let mut removed = fs::remove_dir_all(folder);
    for _ in 0..20 {
        if removed.is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        removed = fs::remove_dir_all(folder);
    }
    removed
}

fn run_initdb(
    programs: &Programs,
    account: Option<Account>,
    folder: &Path,
    options: &Options,
) -> Result<(), PostgresError> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", INITDB, "initdb"]).arg(programs.path("initdb"));
    command.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", "/dev/stdin"]).args([
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
        "--no-instructions",
    ]);
    if options.durability == Durability::None {
        command.arg("--no-sync");
    }
    match account {
        None => command.arg("--pgdata").arg(folder).stdout(Stdio::null()),
        Some(account) => {
            let folder = File::open(folder).map_err(PostgresError::file(&options.data))?;
            command.args(["--pgdata", "/proc/self/fd/3"]).stdout(folder).uid(account.uid).gid(account.gid)
        }
    };
    command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/");
    let output = tell(command, &options.password).map_err(|error| PostgresError::Init(error.to_string()))?;
    if !output.status.success() {
        return Err(PostgresError::Init(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(())
}

/// Runs `command` with one line as its standard input.
fn tell(mut command: Command, line: &str) -> io::Result<std::process::Output> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A line fits into a pipe, so that nobody waits; a command that does not read it says why in the end.
        let _ = writeln!(stdin, "{line}");
    }
    child.wait_with_output()
}
