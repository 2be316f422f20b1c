//! Runs as they are stored and told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits: for a worker, for a limit, or for its time.
    Queued,
    /// A worker has it.
    Running,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
    /// Somebody has ended it.
    Canceled,
}

impl State {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// The state of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing follows on it.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

impl TryFrom<String> for State {
    type Error = UnknownState;

    fn try_from(word: String) -> Result<Self, UnknownState> {
        Self::of(&word).ok_or(UnknownState(word))
    }
}

/// A word that is no state.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no state of a run")]
pub struct UnknownState(String);

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, FromRow)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// What is done.
    pub kind: String,
    /// With what.
    pub params: Json<Value>,
    /// The user who asked for it; nobody for a run of a schedule or of the operator.
    pub requested_by: Option<String>,
    /// The schedule that asked for it.
    pub schedule: Option<String>,
    /// Where it stands.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// How far it is: `done`, `total` if that is known, and `what`.
    pub progress: Option<Json<Value>>,
    /// What came of it.
    pub result: Option<Json<Value>>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// How often it was begun.
    pub attempt: i32,
    /// How often it may be begun.
    pub attempts: i32,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// It does not begin before this.
    pub due: DateTime<Utc>,
    /// When it was begun last.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// The run that this one repeats.
    pub retry_of: Option<Uuid>,
}

/// A schedule as workers have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Cron's pattern and the time zone.
    pub time_table: String,
    /// When a run of it is queued next.
    pub next: DateTime<Utc>,
}

/// A line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Line {
    /// Its place; they only grow.
    pub number: i64,
    /// When it was written.
    pub told: DateTime<Utc>,
    /// The text, without a line end.
    pub line: String,
}

/// The place of a run in a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When the last run before it was asked for.
    pub created: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
}

/// Which runs a list has.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Runs of these kinds may be seen.
    pub kinds: Vec<String>,
    /// And those that this user has asked for, of the kinds in `own_kinds`.
    pub own: Option<String>,
    /// The kinds whose runs may be seen by who asked for them.
    pub own_kinds: Vec<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only in these states; all if there are none.
    pub states: Vec<State>,
    /// Only asked for by this user.
    pub requested_by: Option<String>,
}
