//! A command, from its start to its end.

use std::{io, os::unix::process::ExitStatusExt as _, path::Path, process::Stdio};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    process,
};

use crate::{cell::Cell, inside::InsidePath};

const SUPERVISOR: &str = include_str!("supervisor.sh");
const GIBIBYTE: u64 = 1 << 30;
/// What a supervisor says of walls that cannot be had is short.
const SAID: usize = 2_000;

/// What each process of a command may have, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of memory for its data (`RLIMIT_DATA`).
    pub memory: u64,
    /// Of a file that it writes.
    pub file_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 4 * GIBIBYTE, file_size: 20 * GIBIBYTE }
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// Variables, and nothing else of the environment but `PATH`, `HOME`, `LANG`.
    pub env: Vec<(String, String)>,
    /// Where it begins; the root otherwise.
    pub workdir: Option<InsidePath>,
    /// What it reads; nothing otherwise.
    pub stdin: Option<InsidePath>,
    /// What it may have.
    pub limits: Limits,
}

impl Command {
    /// A command of these arguments alone.
    pub fn new<'a>(arguments: impl IntoIterator<Item = &'a str>, limits: Limits) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { arguments, env: Vec::new(), workdir: None, stdin: None, limits }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With this code; 128 and more for a signal, as shells say it.
    Exited(i32),
    /// It was told to.
    Stopped,
    /// It was never begun: the walls cannot be had.
    NotEntered(String),
}

/// A command that has ended, and what took what it said.
#[derive(Debug)]
pub struct Ended<O, E> {
    /// How.
    pub end: End,
    /// What took its standard output.
    pub stdout: O,
    /// What took its standard error.
    pub stderr: E,
}

impl Cell {
    /// Whether there can be walls on this machine; a command is run behind them in `folder`.
    ///
    /// # Errors
    /// With what is missing.
    pub async fn possible(folder: &Path) -> Result<(), String> {
        let tried = async {
            let cell = Self::make(folder)?;
            let command = Command::new(["true"], Limits::default());
            let ended = cell.run(&command, tokio::io::sink(), tokio::io::sink(), std::future::pending());
            let ended = ended.await;
            cell.remove()?;
            ended
        };
        match tried.await {
            Ok(Ended { end: End::Exited(0), .. }) => Ok(()),
            Ok(Ended { end: End::NotEntered(why), .. }) => Err(format!(
                "this machine gives no walls: {}; needed are namespaces for ordinary accounts (sysctl \
                 kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns) and the \
                 programs of util-linux",
                why.trim()
            )),
            Ok(ended) => Err(format!("a first command ended with {:?}", ended.end)),
            Err(error) => Err(format!("{}: {error}", folder.display())),
        }
    }

    /// Runs a command until it ends, or until `stop` does; nothing of it runs any more when this returns.
    /// Dropped, it ends soon after. One command of a cell runs at a time.
    ///
    /// # Errors
    /// When it cannot be started, or what it says cannot be written.
    pub async fn run<O: AsyncWrite + Unpin, E: AsyncWrite + Unpin>(
        &self,
        command: &Command,
        mut stdout: O,
        mut stderr: E,
        stop: impl Future<Output = ()>,
    ) -> io::Result<Ended<O, E>> {
        let entered = self.folder.join("entered");
        match std::fs::remove_file(&entered) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut child = self.supervised(command).spawn()?;
        // Closing it ends the command.
        let mut pipe = child.stdin.take();
        let (said, complained) = (child.stdout.take(), child.stderr.take());
        let mut refusal = Vec::new();
        let is_stopped = {
            let talk = async {
                tokio::try_join!(
                    copy(said, &mut stdout, None),
                    copy(complained, &mut stderr, Some(&mut refusal))
                )
            };
            tokio::pin!(talk);
            let stopped = tokio::select! {
                talked = &mut talk => talked.map(|_| false),
                () = stop => {
                    drop(pipe.take());
                    talk.await.map(|_| true)
                }
            };
            if stopped.is_err() {
                drop(pipe.take());
                child.wait().await?;
            }
            stopped?
        };
        let status = child.wait().await?;
        drop(pipe);
        let end = if is_stopped {
            End::Stopped
        } else if entered.exists() {
            let signal = status.signal().map(|signal| 128 + signal);
            End::Exited(status.code().or(signal).unwrap_or(-1))
        } else {
            End::NotEntered(String::from_utf8_lossy(&refusal).into_owned())
        };
        Ok(Ended { end, stdout, stderr })
    }

    fn supervised(&self, command: &Command) -> process::Command {
        let mut supervisor = process::Command::new("/bin/sh");
        supervisor.args(["-c", SUPERVISOR, "cell-supervisor", "env", "-i", "--"]);
        // Nothing of these reaches the supervisor's own environment.
        supervisor.args([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/tmp",
            "LANG=C.UTF-8",
        ]);
        supervisor.args(command.env.iter().map(|(name, value)| format!("{name}={value}")));
        supervisor.args(&command.arguments);
        let path = |path: &Option<InsidePath>, otherwise: &str| {
            path.as_ref().map_or(otherwise, InsidePath::as_str).to_owned()
        };
        supervisor
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("CELL", &self.folder)
            .env("WORKDIR", path(&command.workdir, "/"))
            .env("STANDARD_INPUT", path(&command.stdin, ""))
            .env("MEMORY", command.limits.memory.to_string())
            .env("FILE_SIZE", command.limits.file_size.to_string());
        supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A Ctrl-C at the terminal is for us, and we end it.
        supervisor.process_group(0);
        supervisor
    }
}

/// Copies until the end; the first bytes are kept in `head`, too.
async fn copy(
    from: Option<impl AsyncRead + Unpin>,
    to: &mut (impl AsyncWrite + Unpin),
    mut head: Option<&mut Vec<u8>>,
) -> io::Result<()> {
    use tokio::io::AsyncReadExt as _;
    let Some(mut from) = from else { return Ok(()) };
    let mut buffer = vec![0; 32 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.flush().await;
        }
        to.write_all(&buffer[..read]).await?;
        if let Some(head) = &mut head
            && head.len() < SAID
        {
            head.extend_from_slice(&buffer[..read.min(SAID - head.len())]);
        }
    }
}
