//! Jobs of the archiver as they are stored.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;
use workqueue::State;

/// A job over datasets, each of which a run does.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct ArchiverJob {
    pub(crate) id: Uuid,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) requested_by: String,
    pub(crate) contact: Option<String>,
    pub(crate) owner_group: Option<String>,
    pub(crate) params: Json<Map<String, Value>>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) given_up: Option<DateTime<Utc>>,
    /// SciCat's word for the state of its runs.
    pub(crate) status: String,
    pub(crate) changed: DateTime<Utc>,
    /// Whether anything has been done.
    pub(crate) is_begun: bool,
}

/// A dataset of a job, and where its run stands.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct JobDataset {
    pub(crate) job: Uuid,
    pub(crate) pid: String,
    pub(crate) files: Vec<String>,
    pub(crate) run: Uuid,
    #[sqlx(try_from = "String")]
    pub(crate) state: State,
    pub(crate) error: Option<String>,
    pub(crate) attempt: i32,
    pub(crate) attempts: i32,
}

/// Which jobs a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JobFilter {
    /// All jobs of these types may be seen,
    pub(crate) types: Vec<String>,
    /// and those of this user.
    pub(crate) own: String,
    /// Only of this type.
    pub(crate) only: Option<&'static str>,
    /// Only in this state.
    pub(crate) status: Option<&'static str>,
}
