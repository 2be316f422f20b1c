//! One run of the server, from its start to its end.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tokio::process::{Child, ChildStdin, Command};

use crate::{
    Options, PostgresError, Programs,
    account::Account,
    address::{Address, remove_others},
};

/// How long the server may take until it says anything.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may say that it is starting: after a crash it works off its log first.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(1800);
/// How long an orderly stop may take before the server is left to finish alone.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Another server on the same folder may still be shutting down, for instance after a killed parent.
const RETRY_WHILE_LOCKED: Duration = Duration::from_secs(20);

/// A log that is larger than this is put aside at the start.
const LARGEST_LOG: u64 = 16 << 20;

/// Runs the server until it ends or standard input is closed, which also happens when our process is
/// killed; then asks the server to disconnect everybody and stop, again and again, because it does not hear
/// of it in the first moments of its life. `$CLEAN` is removed in the end. Who waits for the end of standard
/// input ends with the server: its number may be another process's later.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" 3<&- &
server=$!
(read -r _ <&3; while kill -INT "$server" 2>/dev/null; do sleep 0.2; done) >/dev/null &
reader=$!
wait "$server"
status=$?
kill "$reader" 2>/dev/null
[ -n "$CLEAN" ] && rm -rf "$CLEAN"
exit "$status"
"#;

/// What all runs of one server have in common.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) programs: Programs,
    pub(crate) account: Option<Account>,
    pub(crate) options: Options,
    pub(crate) address: Address,
}

/// A running server. Dropping it stops the server too, without waiting for the end.
#[derive(Debug)]
pub(crate) struct Process {
    supervisor: Child,
    /// Closing it stops the server. Apart from the child, because waiting for a child closes its input.
    pipe: Option<ChildStdin>,
    log: PathBuf,
    /// Where its lines begin in the log.
    begin: u64,
}

impl Setup {
    /// Starts the server, and waits until it answers. A predecessor on the same folder may take a while to
    /// stop. While it starts it is in `starting`, so that who gives up waiting can stop it in order.
    ///
    /// # Errors
    /// When it ends, or does not answer in time.
    pub(crate) async fn start(&self, starting: &mut Option<Process>) -> Result<Process, PostgresError> {
        let first_try = Instant::now();
        loop {
            match self.try_start(starting).await {
                Err(PostgresError::Start { reason, .. })
                    if is_locked(&reason) && first_try.elapsed() < RETRY_WHILE_LOCKED =>
                {
                    tracing::info!(
                        "the previous PostgreSQL on this folder is still stopping, waiting for it"
                    );
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                other => return other,
            }
        }
    }

    async fn try_start(&self, starting: &mut Option<Process>) -> Result<Process, PostgresError> {
        let path = &self.options.log;
        let (log, begin) = open_log(path).map_err(PostgresError::file(path))?;
        let mut supervisor = self.spawn(log)?;
        let pipe = supervisor.stdin.take();
        let process = starting.insert(Process { supervisor, pipe, log: path.clone(), begin });
        let answers = process.answers(&self.address).await;
        let (data, number) = (self.options.data.clone(), self.address.number);
        if answers.is_ok() {
            // Nobody else uses the folder now.
            let _ = tokio::task::spawn_blocking(move || remove_others(&data, number)).await;
        }
        let process = starting.take().expect("it was put there above, and nobody else has it");
        answers.map(|()| process)
    }

    fn spawn(&self, log: File) -> Result<Child, PostgresError> {
        let options = &self.options;
        let data_error = PostgresError::file(&options.data);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SUPERVISOR, "postgres-supervisor"]).arg(self.programs.path("postgres"));
        match self.account {
            None => {
                command.arg("-D").arg(&options.data).stdout(Stdio::null());
            }
            Some(account) => {
                // The account may not be able to walk to the folder (a state folder below /root), so the
                // server gets the open folder itself, in the place of a standard output that it does not
                // use.
                let folder = File::open(&options.data).map_err(&data_error)?;
                command.args(["-D", "/proc/self/fd/1"]).stdout(folder).uid(account.uid).gid(account.gid);
            }
        }
        // The folder of the socket is the data folder, in which the server works.
        command.args(["-p", &self.address.number.to_string(), "-k", "."]);
        command.args(["-c", "unix_socket_permissions=0700"]);
        command.args(["-h", if options.loopback { "127.0.0.1" } else { "" }]);
        for setting in options.settings() {
            command.arg("-c").arg(setting);
        }
        command
            .stdin(Stdio::piped())
            .stderr(log)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("CLEAN", options.remove_afterwards.as_deref().unwrap_or(Path::new("")))
            .current_dir("/")
            // A group of its own: a Ctrl-C at the terminal is for us, and we stop the server last.
            .process_group(0);
        command.spawn().map_err(data_error)
    }
}

impl Process {
    async fn answers(&mut self, address: &Address) -> Result<(), PostgresError> {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.supervisor.try_wait() {
                let reason = format!("it ended with {status}: {}", complaint(&self.log, self.begin));
                return Err(self.failure(reason));
            }
            match PgConnection::connect_with(&address.connect_options("postgres")).await {
                Ok(connection) => {
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) => {
                    let time = if is_starting(&error) { RECOVERY_TIMEOUT } else { START_TIMEOUT };
                    if started.elapsed() > time {
                        return Err(self.failure(error.to_string()));
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn failure(&self, reason: String) -> PostgresError {
        PostgresError::Start { reason, log: self.log.clone() }
    }

    /// Waits for the end that nobody has asked for, and returns what is known of it.
    pub(crate) async fn ended(&mut self) -> PostgresError {
        let status = match self.supervisor.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let reason = format!("{status}: {}", complaint(&self.log, self.begin));
        PostgresError::Ended { reason, log: self.log.clone() }
    }

    /// Disconnects everybody, stops the server and waits for its end.
    pub(crate) async fn stop(mut self) {
        drop(self.pipe.take());
        if tokio::time::timeout(STOP_TIMEOUT, self.supervisor.wait()).await.is_err() {
            tracing::warn!(
                "PostgreSQL takes longer than {STOP_TIMEOUT:?} to stop; it goes on stopping alone"
            );
        }
    }
}

/// The log to append to (a predecessor may still be writing its last lines), and where it ends now. Only its
/// owner can read it, whoever could before.
fn open_log(path: &Path) -> std::io::Result<(File, u64)> {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LARGEST_LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    let log = File::options().append(true).create(true).mode(0o600).open(path)?;
    log.set_permissions(Permissions::from_mode(0o600))?;
    let begin = log.metadata()?.len();
    Ok((log, begin))
}

/// Why the server that began to write at `begin` ended. A predecessor may have written since, too, so a line
/// that says that it still runs counts first.
fn complaint(log: &Path, begin: u64) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let since = bytes.get(usize::try_from(begin).unwrap_or(usize::MAX)..).unwrap_or_default();
    let text = String::from_utf8_lossy(since);
    let locked = text.lines().find(|line| is_locked(line));
    let says_why = |line: &&str| ["PANIC", "FATAL", "ERROR"].iter().any(|word| line.contains(word));
    let last = || text.lines().rev().find(says_why);
    locked.or_else(last).or_else(|| text.lines().last()).unwrap_or("it said nothing").to_owned()
}

/// Whether this says that another server still uses the folder.
fn is_locked(reason: &str) -> bool {
    (reason.contains("lock file") && reason.contains("already exists")) || reason.contains("still in use")
}

/// `cannot_connect_now`: the server is there, and is starting.
fn is_starting(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some("57P03")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predecessor_that_still_runs_is_the_reason_whatever_it_writes_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postgres.log");
        fs::write(&path, "FATAL:  of an earlier start\n").unwrap();
        let (mut log, begin) = open_log(&path).unwrap();
        assert_eq!(complaint(&path, begin), "it said nothing");
        use std::io::Write;
        let lines = "FATAL:  lock file \"postmaster.pid\" already exists\nFATAL:  terminating connection\n";
        log.write_all(lines.as_bytes()).unwrap();
        assert!(is_locked(&complaint(&path, begin)));
        assert!(!is_locked("FATAL:  could not create lock file \"postmaster.pid\": No space left on device"));
    }

    #[test]
    fn a_log_that_others_could_read_is_for_its_owner_only_from_now_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postgres.log");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        open_log(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
