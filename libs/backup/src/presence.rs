//! Who is at work at a place, so that pruning never takes pieces away that a backup is just going to use.
//!
//! Whoever begins writes a note, and then looks for notes of others: of two that begin at the same time at
//! least one sees the other. A note is written anew while the work lasts; one that is older than
//! [`DEAD_AFTER`] by the clock of the place is of somebody who was killed, as is one of a process that this
//! machine does not have any more.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{BackupError, Place, place::Found};

const NOTES: &str = "presence/";
const EVERY: Duration = Duration::from_secs(30);
const DEAD_AFTER: Duration = Duration::from_secs(180);
const LARGEST: u64 = 4096;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Makes a backup.
    Backup,
    /// Reads one.
    Reading,
    /// Deletes what no backup needs.
    Pruning,
}

impl Task {
    /// Whether the two must not be done at the same time.
    fn is_against(self, other: Self) -> bool {
        self == Self::Pruning || other == Self::Pruning
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Backup => "a backup is being made",
            Self::Reading => "a backup is being read",
            Self::Pruning => "old backups are being deleted",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Note {
    task: Task,
    since: String,
    /// Which machine, and which of its spaces of process ids.
    machine: String,
    process: u32,
}

/// A note of one's own, while one is at work.
pub struct Presence {
    place: Place,
    name: String,
    beating: tokio::task::JoinHandle<()>,
    is_over: bool,
}

impl Presence {
    /// Notes that `task` is begun. Who only reads may be at a place that he cannot write.
    ///
    /// # Errors
    /// [`BackupError::Busy`] when somebody does what this would disturb.
    pub async fn begin(place: &Place, task: Task) -> Result<Self, BackupError> {
        let name = format!("{NOTES}{:032x}.json", rand::random::<u128>());
        let note = Note {
            task,
            since: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            machine: machine(),
            process: std::process::id(),
        };
        let text = serde_json::to_vec(&note).expect("invariant: it has texts and numbers only");
        match place.write(&name, text.clone().into()).await {
            Err(error) if task == Task::Reading => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the place cannot be written");
            }
            written => written?,
        }
        let (at, note) = (place.clone(), name.clone());
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(error) = at.write(&note, text.clone().into()).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a note cannot be renewed");
                }
            }
        });
        let presence = Self { place: place.clone(), name, beating, is_over: false };
        match presence.other(task).await {
            Ok(None) => Ok(presence),
            Ok(Some(other)) => {
                presence.end().await;
                Err(BackupError::Busy(format!(
                    "{} at {place} since {}; try again when that is done (if it was killed, in three \
                     minutes)",
                    other.task.shown(),
                    other.since
                )))
            }
            Err(error) => {
                presence.end().await;
                Err(error)
            }
        }
    }

    /// Somebody who is at work and whom `task` would disturb.
    async fn other(&self, task: Task) -> Result<Option<Note>, BackupError> {
        let mut notes = Vec::new();
        self.place.each(NOTES, |found: Found| notes.push(found)).await?;
        let own = notes.iter().find(|found| found.name == self.name).map(|found| found.written);
        let now = own.unwrap_or_else(SystemTime::now);
        for found in notes.iter().filter(|found| found.name != self.name) {
            let text = match self.place.read(&found.name, LARGEST).await {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(error) => return Err(error),
            };
            let is_old = now.duration_since(found.written).is_ok_and(|age| age > DEAD_AFTER);
            match serde_json::from_slice::<Note>(&text) {
                Ok(note) if !is_old && !note.is_dead() => {
                    if task.is_against(note.task) {
                        return Ok(Some(note));
                    }
                }
                // Whoever cannot delete it reads only.
                _ => drop(self.place.delete(&found.name).await),
            }
        }
        Ok(None)
    }

    /// The work is done.
    pub async fn end(mut self) {
        self.beating.abort();
        self.is_over = true;
        if let Err(error) = self.place.delete(&self.name).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a note cannot be deleted");
        }
    }

    /// Does `work` between a note and its end.
    ///
    /// # Errors
    /// As [`Self::begin`], and what `work` fails with.
    pub async fn during<T, E: From<BackupError>>(
        place: &Place,
        task: Task,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let presence = Self::begin(place, task).await?;
        let done = work.await;
        presence.end().await;
        done
    }
}

/// Work that is broken off ends its note, too: otherwise the process, which lives on, would renew it.
impl Drop for Presence {
    fn drop(&mut self) {
        self.beating.abort();
        if let (false, Ok(runtime)) = (self.is_over, tokio::runtime::Handle::try_current()) {
            let (place, name) = (self.place.clone(), self.name.clone());
            // One that stays is old in three minutes.
            runtime.spawn(async move { drop(place.delete(&name).await) });
        }
    }
}

impl Note {
    /// Whether this machine knows that the process has ended.
    fn is_dead(&self) -> bool {
        !self.machine.is_empty()
            && self.machine == machine()
            && !fs::exists(format!("/proc/{}", self.process)).unwrap_or(true)
    }
}

/// Names the machine since its start, and the space of process ids that this process is in; empty where that
/// cannot be known.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    if boot.is_empty() || space.as_os_str().is_empty() {
        return String::new();
    }
    format!("{} {}", boot.trim(), space.display())
}
