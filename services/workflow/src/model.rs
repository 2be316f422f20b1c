//! Tasks as they are kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    life::State,
    task::{Task, TaskLog},
};

/// A row.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) user_id: String,
    state: String,
    document: String,
    logs: String,
    pub(crate) fetched: Json<BTreeMap<String, String>>,
    pub(crate) attempts: i32,
    pub(crate) created: DateTime<Utc>,
}

impl Stored {
    /// Where it is. The table takes no other words.
    pub(crate) fn state(&self) -> State {
        State::of(&self.state).unwrap_or(State::SystemError)
    }

    /// What the user wrote. It was a task when it was stored.
    pub(crate) fn task(&self) -> Task {
        serde_json::from_str(&self.document).unwrap_or_default()
    }

    /// What is known of each attempt.
    pub(crate) fn logs(&self) -> Vec<TaskLog> {
        serde_json::from_str(&self.logs).unwrap_or_default()
    }
}
