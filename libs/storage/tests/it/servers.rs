//! Stores of others, which tests start and stop.

use std::{
    env, fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

/// The first time, with nothing kept, two busy cores took 50 s for azurite, 100 s for fake-gcs-server and
/// 120 s for versitygw. Afterwards they are there, and start within a second.
const LONGEST_INSTALL: Duration = Duration::from_secs(600);
const LONGEST_START: Duration = Duration::from_secs(120);
/// One installation at a time.
static INSTALLING: Mutex<()> = Mutex::new(());

/// A server that stops with its test.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Where what is installed for tests stays from one run to the next.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("stores")
}

/// The program that the variable names, or that `install` puts to `path` below the folder of such programs.
/// Without both the test says what is missing, and is skipped.
pub(crate) fn program(
    variable: &str,
    path: &str,
    install: &[&str],
    environment: &[(&str, &Path)],
) -> Option<PathBuf> {
    if let Some(program) = env::var_os(variable) {
        return Some(program.into());
    }
    let _one = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let program = kept().join(path);
    if program.exists() {
        return Some(program);
    }
    fs::create_dir_all(kept()).unwrap();
    let mut command = Command::new(install[0]);
    command.args(&install[1..]).current_dir(kept()).envs(environment.iter().copied());
    let installed = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(ends);
    if matches!(installed, Ok(true)) && program.exists() {
        return Some(program);
    }
    let how = install.join(" ");
    drop(writeln!(std::io::stderr(), "skipped: `{how}` does not work here, and {variable} names no program"));
    None
}

/// Whether a command succeeds in time.
#[expect(clippy::disallowed_methods, reason = "a test may wait")]
fn ends(mut command: Child) -> bool {
    let end = Instant::now() + LONGEST_INSTALL;
    while Instant::now() < end {
        if let Ok(Some(status)) = command.try_wait() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(command.kill());
    drop(command.wait());
    false
}

fn go(variable: &str, name: &str, package: &str) -> Option<PathBuf> {
    program(variable, &format!("bin/{name}"), &["go", "install", package], &[("GOBIN", &kept().join("bin"))])
}

/// Starts `command` on a free port, which is put in the place of `PORT` in its arguments.
#[expect(clippy::disallowed_methods, reason = "a test may wait")]
pub(crate) fn started(
    program: &Path,
    arguments: &[&str],
    change: impl FnOnce(&mut Command, &Path),
) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(arguments.iter().map(|argument| argument.replace("PORT", &port.to_string())));
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    change(&mut command, folder.path());
    let mut process = command.spawn().unwrap();
    let end = Instant::now() + LONGEST_START;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "{} does not listen", program.display());
        assert!(process.try_wait().unwrap().is_none(), "{} has ended", program.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Server { process, address: format!("127.0.0.1:{port}"), _folder: folder }
}

/// The gateway of Versity: S3 over a folder, with the buckets given.
pub(crate) fn versitygw(buckets: &[&str]) -> Option<Server> {
    let package = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
    let program = go("VERSITYGW", "versitygw", package)?;
    Some(started(&program, &["--port", "127.0.0.1:PORT", "--quiet", "posix"], |command, folder| {
        for bucket in buckets {
            fs::create_dir(folder.join(bucket)).unwrap();
        }
        command.arg(folder).env("ROOT_ACCESS_KEY", "AK").env("ROOT_SECRET_KEY", "secret");
    }))
}

/// Microsoft's emulator of Azure Blob Storage.
pub(crate) fn azurite() -> Option<Server> {
    let install = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "azurite@3.37"];
    let program = program("AZURITE", "node_modules/.bin/azurite-blob", &install, &[])?;
    let arguments =
        ["--blobHost", "127.0.0.1", "--blobPort", "PORT", "--skipApiVersionCheck", "--disableTelemetry"];
    Some(started(&program, &arguments, |command, folder| {
        command.arg("--location").arg(folder);
    }))
}

/// An emulator of Google Cloud Storage, in memory.
pub(crate) fn fake_gcs() -> Option<Server> {
    let package = "github.com/fsouza/fake-gcs-server@v1.56.1";
    let program = go("FAKE_GCS_SERVER", "fake-gcs-server", package)?;
    let arguments = [
        "-scheme",
        "http",
        "-host",
        "127.0.0.1",
        "-port",
        "PORT",
        "-backend",
        "memory",
        "-public-host",
        "127.0.0.1:PORT",
    ];
    Some(started(&program, &arguments, |_, _| {}))
}
