//! How a command asks a running commons for a reload and learns the result.
//!
//! The command leaves a number in the state folder, larger than all before, and sends SIGHUP. The commons
//! reads the number before it reads the dictionary, and leaves it in its report: a report with that number,
//! or a larger one, is about the dictionary as it was when the command asked, or later.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dictionary::Dictionary;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    state::{Run, State, read_json, write_json},
};

const PAUSE: Duration = Duration::from_millis(50);

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The dictionary is the one that was served before.
    Unchanged,
    /// The new dictionary is served.
    Replaced {
        /// How many of its changes break something.
        breaking: usize,
    },
    /// The new dictionary cannot be used.
    Failed {
        /// Why not.
        error: String,
    },
}

/// What is served after an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The largest number that was there when the attempt began.
    pub(crate) request: Option<u64>,
    /// The result.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    /// Digest of the dictionary that is served now.
    pub(crate) digest: String,
    /// How many node types it has.
    pub(crate) node_types: usize,
    /// Its source; `None` for the built-in one.
    pub(crate) source: Option<String>,
}

impl Report {
    pub(crate) fn new(
        request: Option<u64>,
        outcome: &Outcome,
        dictionary: &Dictionary,
        source: Option<&str>,
    ) -> Self {
        Self {
            request,
            outcome: outcome.clone(),
            digest: dictionary.digest.clone(),
            node_types: dictionary.nodes.len(),
            source: source.map(str::to_owned),
        }
    }

    pub(crate) fn leave(&self, state: &State) -> anyhow::Result<()> {
        write_json(&report_file(state), self)
    }
}

fn report_file(state: &State) -> PathBuf {
    state.path("dictionary.json")
}

fn request_file(state: &State) -> PathBuf {
    state.path("dictionary.request.json")
}

/// The last report, if there was an attempt.
///
/// # Errors
/// When it is there but cannot be read.
pub(crate) fn report(state: &State) -> anyhow::Result<Option<Report>> {
    read_json(&report_file(state))
}

/// The largest number that a command has left.
pub(crate) fn requested(state: &State) -> Option<u64> {
    read_json(&request_file(state)).ok().flatten()
}

/// Asks the commons `run` on `state` for a reload and waits for its report.
///
/// # Errors
/// When it cannot be asked, or does not answer within `patience`.
pub(crate) async fn ask(state: &State, run: &Run, patience: Duration) -> anyhow::Result<Report> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    let request = requested(state).map_or(now, |before| now.max(before + 1));
    write_json(&request_file(state), &request)?;
    let process = i32::try_from(run.pid).ok().and_then(Pid::from_raw);
    let sent = process.map(|process| kill_process(process, Signal::HUP));
    if let None | Some(Err(_)) = sent {
        let told =
            format!("the commons of {} (process {}) cannot be asked", state.folder().display(), run.pid);
        return Err(Failure::Prerequisite(told).into());
    }
    let answered = async {
        loop {
            match report(state) {
                Ok(Some(report)) if report.request >= Some(request) => return Ok(report),
                Err(error) => return Err(error),
                Ok(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::time::timeout(patience, answered).await.unwrap_or_else(|_| {
        anyhow::bail!(
            "the commons has not answered in {} s; its log says what it waits for (--timeout waits longer)",
            patience.as_secs()
        )
    })
}
