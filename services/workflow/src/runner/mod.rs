//! Running one task as processes of this machine, in a cell of its own.

mod fetch;
mod keep;
mod said;

use std::{fs, io, path::PathBuf, sync::Arc};

use chrono::{SecondsFormat, Utc};
use sandbox::{Cell, Command, End, InsidePath, Limits};
use storage::ObjectStore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::said::Said;
use crate::task::{self, Checked, ExecutorLog, Task, TaskLog};

/// Bytes of what a command says that its log keeps: the end of it.
const LARGEST_SAID: usize = 16 << 10;
const GIGABYTE: f64 = 1e9;

/// What runs tasks, and where their files are.
#[derive(Clone)]
pub struct Executor {
    /// Where cells of tasks are. Nothing else may be there.
    pub folder: PathBuf,
    /// The store as this process reaches it.
    pub inside: Arc<dyn ObjectStore>,
    /// The store as users reach it.
    pub outside: Arc<dyn ObjectStore>,
    /// What reaches signed addresses. It must not follow redirects.
    pub client: reqwest::Client,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All commands ended well, and what was to be kept is.
    Complete,
    /// A command has failed.
    Failed,
    /// Something else has failed; the log says what.
    Broken,
    /// It was stopped.
    Stopped,
}

/// One attempt at a task.
pub(crate) struct Attempt<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) id: Uuid,
    pub(crate) checked: &'a Checked,
    /// Signed addresses of inputs, by their places.
    pub(crate) fetched: &'a std::collections::BTreeMap<String, String>,
    pub(crate) limits: Limits,
    /// Ends it.
    pub(crate) stop: &'a CancellationToken,
}

pub(crate) fn now() -> Option<String> {
    Some(Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true))
}

impl Executor {
    /// Whether it works.
    ///
    /// # Errors
    /// With what is missing.
    pub async fn ready(&self) -> Result<(), String> {
        Cell::possible(&self.folder.join("probe")).await
    }

    fn cell(&self, id: Uuid) -> PathBuf {
        self.folder.join(id.simple().to_string())
    }

    /// Removes the cell of a task that has ended.
    pub(crate) fn remove(&self, id: Uuid) {
        if let Err(error) = Cell::at(self.cell(id)).remove() {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(task = %id, error, "the folder of a task cannot be removed");
        }
    }

    /// Removes cells of tasks that do not run. What a process that was killed has left is among them; its
    /// commands have ended with it.
    pub(crate) fn remove_others(&self, running: &[Uuid]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| Uuid::parse_str(name).ok());
            if id.is_some_and(|id| !running.contains(&id)) {
                Cell::at(entry.path()).remove()?;
            }
        }
        Ok(())
    }
}

impl Attempt<'_> {
    /// Fetches the inputs, and makes the cell.
    pub(crate) async fn prepare(&self, log: &mut TaskLog) -> Result<Cell, Outcome> {
        log.metadata.insert("executor".into(), "local processes; images are not used".into());
        let made = async {
            let cell = Cell::make(&self.executor.cell(self.id)).map_err(|error| error.to_string())?;
            for folder in self.checked.folders() {
                let told = |error: io::Error| format!("{}: {error}", folder.as_str());
                cell.create_folder(&folder).map_err(told)?;
            }
            self.fetch(&cell).await?;
            Ok::<_, String>(cell)
        };
        tokio::select! {
            made = made => made.map_err(|error| broken(log, error)),
            () = self.stop.cancelled() => Err(Outcome::Stopped),
        }
    }

    /// Runs the command in this place.
    pub(crate) async fn run(&self, cell: &Cell, place: usize, log: &mut TaskLog) -> Result<(), Outcome> {
        let executor = &self.checked.task.executors[place];
        let begun = ExecutorLog { start_time: now(), ..ExecutorLog::default() };
        let command = command(executor, &self.checked.task, self.limits);
        let open = |path: &Option<String>| {
            let path = path.as_deref().and_then(|path| InsidePath::parse(path).ok());
            Said::new(path.map(|path| cell.create(&path)).transpose()?, LARGEST_SAID)
        };
        let ended = match (open(&executor.stdout), open(&executor.stderr)) {
            (Ok(stdout), Ok(stderr)) => cell
                .run(&command, stdout, stderr, self.stop.cancelled())
                .await
                .map_err(|error| error.to_string()),
            (Err(error), _) | (_, Err(error)) => Err(format!("what it says cannot be written: {error}")),
        };
        let ended = ended.map_err(|error| broken(log, format!("executors[{place}]: {error}")))?;
        let mut logged = ExecutorLog {
            end_time: now(),
            stdout: Some(ended.stdout.end()),
            stderr: Some(ended.stderr.end()),
            ..begun
        };
        let outcome = match ended.end {
            End::Exited(code) => {
                logged.exit_code = Some(code);
                let is_well = code == 0 || executor.ignore_error == Some(true);
                if is_well { Ok(()) } else { Err(Outcome::Failed) }
            }
            End::Stopped => Err(Outcome::Stopped),
            End::NotEntered(why) => Err(broken(log, format!("there are no walls for the command: {why}"))),
        };
        log.logs.push(logged);
        outcome
    }

    /// Keeps the outputs.
    pub(crate) async fn keep(&self, cell: &Cell, log: &mut TaskLog) -> Result<(), Outcome> {
        for output in &self.checked.outputs {
            let kept = tokio::select! {
                kept = self.keep_one(cell, output) => kept,
                () = self.stop.cancelled() => return Err(Outcome::Stopped),
            };
            let kept = kept.map_err(|error| broken(log, format!("{}: {error}", output.path.as_str())))?;
            log.outputs.extend(kept);
        }
        Ok(())
    }
}

/// Notes why an attempt is broken.
pub(crate) fn broken(log: &mut TaskLog, why: String) -> Outcome {
    log.system_logs.push(why);
    Outcome::Broken
}

fn command(executor: &task::Executor, task: &Task, usual: Limits) -> Command {
    let path = |path: &Option<String>| path.as_deref().and_then(|path| InsidePath::parse(path).ok());
    let asked = task.resources.as_ref();
    let bytes = |gigabytes: Option<f64>, usual: u64| match gigabytes {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was checked")]
        Some(gigabytes) if gigabytes > 0.0 => (gigabytes * GIGABYTE) as u64,
        _ => usual,
    };
    Command {
        arguments: executor.command.clone(),
        env: executor.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        workdir: path(&executor.workdir),
        stdin: path(&executor.stdin),
        limits: Limits {
            memory: bytes(asked.and_then(|asked| asked.ram_gb), usual.memory),
            file_size: bytes(asked.and_then(|asked| asked.disk_gb), usual.file_size),
        },
    }
}
