//! `commons up --detach`: the commons runs in a process of its own, which logs into the state folder.
//!
//! That process is the same program with the same arguments and a variable that tells it which of the two it
//! is. It says that it is ready, and what runs where, by one line of JSON on its standard output.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::logs;
use crate::{
    failure::Failure,
    output::{remark, tell},
    state::State,
    up::{Announcement, Announcements, UpArgs},
};

/// Set for the process in the background.
const MARK: &str = "COMMONS_IN_BACKGROUND";
/// A log that is longer than this makes room for a new one at the start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// Whether this process is the one in the background.
pub(crate) fn is_background() -> bool {
    env::var_os(MARK).is_some()
}

/// Leaves the terminal's session, so that closing the terminal does not end the commons.
pub(crate) fn leave_terminal() {
    // It fails for a process that leads a session already, which is what is wanted.
    let _ = rustix::process::setsid();
}

/// Starts a commons in the background and returns when it is ready.
///
/// # Errors
/// When it does not start; the text has what it said.
pub(crate) fn up(args: &UpArgs) -> anyhow::Result<()> {
    let state = State::open(&args.state.folder)?;
    // Who is told at once that another one runs need not look into a log.
    drop(state.lock()?);
    let (log, begin) = open_log(&state)?;
    let mut command = Command::new(env::current_exe().context("the program does not find itself")?);
    command.args(env::args_os().skip(1)).env(MARK, "1");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("the process in the background cannot be started")?;
    let ready = wait(&mut child, &state, begin)?;
    if args.json {
        tell(serde_json::to_string(&ready)?)?;
        return Ok(());
    }
    remark(ready.table())?;
    remark(format_args!(
        "It runs in the background (process {}): `commons status`, `commons logs -f`, `commons stop`.",
        child.id()
    ))?;
    Ok(())
}

/// Starts the commons of `folder` in the background, with the options of last time; it logs as `loudness`
/// says.
///
/// # Errors
/// When it does not start; what it said was printed.
pub(crate) fn up_again(folder: &Path, settings: Option<&Path>, loudness: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(env::current_exe().context("the program does not find itself")?);
    command.args(["up", "--detach", "--state"]).arg(folder).args(loudness);
    if let Some(settings) = settings {
        command.arg("--settings").arg(settings);
    }
    let status = command.status().context("the commons cannot be started")?;
    if status.success() { Ok(()) } else { Err(Failure::Told(status.code()).into()) }
}

/// The log, and where what is written from now on begins.
fn open_log(state: &State) -> anyhow::Result<(File, u64)> {
    let path = state.path(logs::FILE);
    let told = || format!("cannot write {}", path.display());
    if fs::metadata(&path).is_ok_and(|known| known.len() > LOG_LIMIT) {
        fs::rename(&path, state.path(logs::OLD_FILE)).with_context(told)?;
    }
    let mut log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).with_context(told)?;
    let begin = log.seek(SeekFrom::End(0)).with_context(told)?;
    Ok((log, begin))
}

/// What the process in the background tells once everything is ready.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Ready {
    /// Of one commons.
    One(Box<Announcement>),
    /// Of several.
    Many(Announcements),
}

impl Ready {
    fn table(&self) -> String {
        match self {
            Self::One(one) => one.table(),
            Self::Many(many) => many.table(),
        }
    }
}

fn wait(child: &mut Child, state: &State, begin: u64) -> anyhow::Result<Ready> {
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    if let Ok(ready) = serde_json::from_str(&line) {
        return Ok(ready);
    }
    let status = child.wait()?;
    let log = state.path(logs::FILE);
    for line in logs::from(&log, begin)? {
        eprintln!("{line}");
    }
    if status.success() {
        anyhow::bail!("the commons stopped before it was ready; its log is {}", log.display());
    }
    Err(Failure::Told(status.code()).into())
}
