//! How a command asks a running commons about its indices: as for a reload, by a file with a number that is
//! larger than all before. The commons looks for it every second, and leaves its answer with the number.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::anyhow;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::{State, read_json, write_json};

const PAUSE: Duration = Duration::from_millis(100);

/// What is asked of a running commons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// A whole run.
    Run {
        /// Even if there is nothing new.
        force: bool,
    },
    /// The indices are to be as the graph is now.
    Follow,
    /// What there is.
    Status,
    /// Whether the indices are what a whole run would make.
    Verify,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    number: u64,
    ask: Ask,
}

#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    number: u64,
    answer: Option<Value>,
    error: Option<String>,
}

fn request_file(state: &State) -> PathBuf {
    state.path("search.request.json")
}

fn reply_file(state: &State) -> PathBuf {
    state.path("search.json")
}

/// What is asked and not answered yet.
pub(super) fn asked(state: &State) -> Option<(u64, Ask)> {
    let request: Request = read_json(&request_file(state)).ok().flatten()?;
    let answered: Option<Reply> = read_json(&reply_file(state)).ok().flatten();
    let is_new = answered.is_none_or(|answered| answered.number < request.number);
    is_new.then_some((request.number, request.ask))
}

/// Leaves an answer.
pub(super) fn leave(state: &State, number: u64, answer: Result<Value, String>) -> anyhow::Result<()> {
    let (answer, error) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(error) => (None, Some(error)),
    };
    write_json(&reply_file(state), &Reply { number, answer, error })
}

/// Asks the commons that runs on `state`, and waits for its answer as long as it runs.
///
/// # Errors
/// It cannot do what was asked, or ends in between.
pub(crate) async fn ask(state: &State, ask: Ask) -> anyhow::Result<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    let before: Option<Request> = read_json(&request_file(state)).ok().flatten();
    let number = before.map_or(now, |before| now.max(before.number.saturating_add(1)));
    write_json(&request_file(state), &Request { number, ask })?;
    loop {
        let reply: Option<Reply> = read_json(&reply_file(state))?;
        if let Some(reply) = reply.filter(|reply| reply.number >= number) {
            return match (reply.number == number, reply.answer, reply.error) {
                (true, Some(answer), _) => Ok(answer),
                (true, None, error) => Err(anyhow!(error.unwrap_or_default())),
                (false, ..) => Err(anyhow!("somebody else asked in between; ask again")),
            };
        }
        if state.running()?.is_none() {
            return Err(anyhow!("the commons of {} has ended", state.folder().display()));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
