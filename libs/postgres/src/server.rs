//! Starting and stopping the server.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::process::{Child, Command};

use crate::{
    PostgresError, Programs,
    account::{Account, server_account},
    cluster,
};

/// How long the server may take until it answers (recovery after a crash included).
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an orderly stop may take before the server is left to finish alone.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Another server on the same folder may still be shutting down, for instance after a killed parent.
const RETRY_WHILE_LOCKED: Duration = Duration::from_secs(20);

/// A log that is larger than this is put aside at the start.
const LARGEST_LOG: u64 = 16 << 20;

/// Runs the server until it ends or standard input is closed, which also happens when our process is
/// killed; then asks the server to disconnect everybody and stop. `$CLEAN` is removed in the end.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" 3<&- &
server=$!
(cat <&3 >/dev/null; kill -INT "$server" 2>/dev/null) &
wait "$server"
status=$?
[ -n "$CLEAN" ] && rm -rf "$CLEAN"
exit "$status"
"#;

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed is lost.
    Full,
    /// Everything may be lost: for tests.
    None,
}

/// How to run a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made when it holds no cluster.
    pub data: PathBuf,
    /// The server's log file.
    pub log: PathBuf,
    /// Port on 127.0.0.1; `None` takes a free one.
    pub port: Option<u16>,
    /// Password of the administrator `commons`.
    pub password: String,
    /// What a crash may cost.
    pub durability: Durability,
    /// Remove this folder when the server has ended (tests).
    pub remove_afterwards: Option<PathBuf>,
    /// How many connections at most.
    pub max_connections: u16,
}

/// A running private server. Dropping it stops the server too, without waiting for the end.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Child,
    port: u16,
    password: String,
}

impl Postgres {
    /// Starts the server on `options.data`, making the cluster first when there is none, and waits until it
    /// answers.
    ///
    /// # Errors
    /// Any [`PostgresError`]; the message says what to do.
    pub async fn start(options: Options) -> Result<Self, PostgresError> {
        let programs = Programs::find()?;
        let account = server_account()?;
        if let (Some(account), Some(folder)) = (account, &options.remove_afterwards) {
            // The supervisor removes it, and runs as that account too.
            std::os::unix::fs::chown(folder, Some(account.uid), Some(account.gid))
                .map_err(|source| file_error(folder, source))?;
        }
        if !cluster::exists(&options.data) {
            let (programs, data, password) =
                (programs.clone(), options.data.clone(), options.password.clone());
            let made =
                tokio::task::spawn_blocking(move || cluster::create(&programs, account, &data, &password));
            made.await.map_err(|error| PostgresError::Init(error.to_string()))??;
        }
        let first_try = Instant::now();
        loop {
            match Self::try_start(&programs, account, &options).await {
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

    async fn try_start(
        programs: &Programs,
        account: Option<Account>,
        options: &Options,
    ) -> Result<Self, PostgresError> {
        let port = match options.port {
            Some(port) => port,
            None => free_port().map_err(|source| file_error(&options.data, source))?,
        };
        let (log, begin) = open_log(&options.log).map_err(|source| file_error(&options.log, source))?;
        let supervisor = spawn(programs, account, options, port, log)?;
        let mut server = Self { supervisor, port, password: options.password.clone() };
        server.wait_until_it_answers(&options.log, begin).await?;
        Ok(server)
    }

    async fn wait_until_it_answers(&mut self, log: &Path, begin: u64) -> Result<(), PostgresError> {
        let started = Instant::now();
        let failure = |reason: String| PostgresError::Start { reason, log: log.to_owned() };
        loop {
            if let Ok(Some(status)) = self.supervisor.try_wait() {
                return Err(failure(format!("it ended with {status}: {}", complaint(log, begin))));
            }
            match PgConnection::connect_with(&self.connect_options("postgres")).await {
                Ok(connection) => {
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) if started.elapsed() > START_TIMEOUT => return Err(failure(error.to_string())),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection URL with the password in it; not for logs.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{}:{}@127.0.0.1:{}/{database}", cluster::SUPERUSER, self.password, self.port)
    }

    /// How to connect to `database`.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(cluster::SUPERUSER)
            .password(&self.password)
            .database(database)
            .ssl_mode(sqlx::postgres::PgSslMode::Disable)
    }

    /// Makes sure that each of `names` (identifiers of ours, never of a user) is a database.
    pub async fn ensure_databases(&self, names: &[&'static str]) -> Result<(), PostgresError> {
        ensure_databases(&self.connect_options("postgres"), names).await
    }

    /// Disconnects everybody, stops the server and waits for its end.
    pub async fn stop(mut self) {
        drop(self.supervisor.stdin.take());
        if tokio::time::timeout(STOP_TIMEOUT, self.supervisor.wait()).await.is_err() {
            tracing::warn!(
                "PostgreSQL takes longer than {STOP_TIMEOUT:?} to stop; it goes on stopping alone"
            );
        }
    }
}

/// Makes sure that each of `names` (identifiers of ours, never of a user) is a database of the server that
/// `any` of its databases leads to.
pub async fn ensure_databases(any: &PgConnectOptions, names: &[&'static str]) -> Result<(), PostgresError> {
    let mut connection = PgConnection::connect_with(any).await?;
    let existing: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database").fetch_all(&mut connection).await?;
    for name in names.iter().filter(|name| !existing.iter().any(|known| known == *name)) {
        let statement: String = sqlx::query_scalar("select format('create database %I', $1::text)")
            .bind(*name)
            .fetch_one(&mut connection)
            .await?;
        run_utility(&mut connection, statement).await?;
    }
    connection.close().await?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a utility statement whose only name was quoted by the server itself"
)]
async fn run_utility(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.map(|_| ())
}

fn spawn(
    programs: &Programs,
    account: Option<Account>,
    options: &Options,
    port: u16,
    log: File,
) -> Result<Child, PostgresError> {
    let data_error = |source| file_error(&options.data, source);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SUPERVISOR, "postgres-supervisor"]).arg(programs.path("postgres"));
    match account {
        None => {
            command.arg("-D").arg(&options.data).stdout(Stdio::null());
        }
        Some(account) => {
            // The account may not be able to walk to the folder (a state folder below /root), so the server
            // gets the open folder itself, in the place of a standard output that it does not use.
            let folder = File::open(&options.data).map_err(data_error)?;
            command.args(["-D", "/proc/self/fd/1"]).stdout(folder).uid(account.uid).gid(account.gid);
        }
    }
    command.arg("-p").arg(port.to_string()).args(["-h", "127.0.0.1", "-k", ""]);
    for setting in settings(options) {
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

fn settings(options: &Options) -> Vec<String> {
    let mut settings = vec![
        format!("max_connections={}", options.max_connections),
        "shared_buffers=128MB".into(),
        "max_wal_size=1GB".into(),
        "checkpoint_completion_target=0.9".into(),
        "timezone=UTC".into(),
        "log_timezone=UTC".into(),
        // Submissions and GraphQL are many short statements, which compilation only delays.
        "jit=off".into(),
        // Constraint names such as node tables' primary keys are chosen by the dictionary, errors hold
        // values.
        "log_min_messages=warning".into(),
        "log_min_error_statement=panic".into(),
    ];
    if options.durability == Durability::None {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(String::from));
    }
    settings
}

fn free_port() -> std::io::Result<u16> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.local_addr().map(|address| address.port())
}

/// The log to append to (a predecessor may still be writing its last lines), and where it ends now.
fn open_log(path: &Path) -> std::io::Result<(File, u64)> {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LARGEST_LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    let log = File::options().append(true).create(true).open(path)?;
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
    let last = || text.lines().rev().find(|line| line.contains("FATAL") || line.contains("ERROR"));
    locked.or_else(last).or(text.lines().last()).unwrap_or("it said nothing").to_owned()
}

/// Whether this says that another server still uses the folder.
fn is_locked(reason: &str) -> bool {
    reason.contains("lock file") || reason.contains("still in use")
}

fn file_error(path: &Path, source: std::io::Error) -> PostgresError {
    PostgresError::File { path: path.to_owned(), source }
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
    }
}
