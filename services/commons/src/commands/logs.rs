//! `commons logs`.

use std::{
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use clap::Args;

use crate::{
    failure::{self, Failure},
    output::tell,
    state::{State, StateArgs},
};

/// The log of a commons in the background.
pub(crate) const FILE: &str = "commons.log";
/// The log before that.
pub(crate) const OLD_FILE: &str = "commons.log.1";
/// The log of the private PostgreSQL.
const DATABASE_FILE: &str = "postgres.log";
/// The last lines are looked for in this much of a log.
const TAIL: u64 = 4 * 1024 * 1024;
const PAUSE: Duration = Duration::from_millis(250);
/// Why nothing is in a log.
const SILENCE: &str = "nothing has gone wrong, so nothing is in the log; after `commons restart -v` it has \
                       each request that is refused, with the reason";

/// Options of `commons logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Go on with what is logged from now on, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Show the last N lines.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    lines: usize,
    /// Show the log of the private PostgreSQL instead.
    #[arg(long)]
    database: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

/// The command.
pub(crate) async fn run(args: LogsArgs) -> anyhow::Result<()> {
    let state = State::existing(&args.state.folder)?;
    let path = state.path(if args.database { DATABASE_FILE } else { FILE });
    if !path.is_file() {
        let told = if args.database {
            format!("there is no log {}", path.display())
        } else {
            format!(
                "there is no log {}: a commons in the foreground logs to its terminal, and one started \
                 with `commons up --detach` to this file",
                path.display()
            )
        };
        return Err(Failure::Prerequisite(told).into());
    }
    let length = path.metadata()?.len();
    let known = from(&path, length.saturating_sub(TAIL))?;
    for line in &known[known.len().saturating_sub(args.lines)..] {
        tell(line)?;
    }
    if known.is_empty() && !args.database {
        // What was asked for is on standard output.
        failure::warn(SILENCE);
    }
    if args.follow {
        follow(&path, length).await?;
    }
    Ok(())
}

/// The lines of a log from a byte on. What is no UTF-8 is replaced.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn from(path: &Path, begin: u64) -> anyhow::Result<Vec<String>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(begin))?;
        file.take(TAIL).read_to_end(&mut bytes)
    });
    read.map_err(|error| anyhow!(error).context(format!("cannot read {}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// Prints what is appended, also to a new file of the same name.
async fn follow(path: &Path, mut at: u64) -> anyhow::Result<()> {
    let mut part = Vec::new();
    loop {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(anyhow!(error).context(format!("cannot read {}", path.display()))),
        };
        if file.metadata()?.len() < at {
            (at, part) = (0, Vec::new());
        }
        file.seek(SeekFrom::Start(at))?;
        let more = file.take(TAIL).read_to_end(&mut part).context("cannot read the log")?;
        at += more as u64;
        while let Some(end) = part.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = part.drain(..=end).collect();
            tell(String::from_utf8_lossy(&line).trim_end())?;
        }
        if more == 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
