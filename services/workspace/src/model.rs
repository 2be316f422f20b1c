//! Workspaces as they are kept and shown.

use std::time::Duration;

use chrono::{DateTime, Utc};
use executor::{ContainerState, Seen, Workspace};
use hatchery::{Container, Names};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::life::{Known, Phase, Status};

/// What is kept of a container, which may be another one in the configuration while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    pub(crate) rewrite: String,
    /// Milliseconds, as its arguments say it.
    pub(crate) idle: Option<i64>,
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
}

impl From<&Container> for Kept {
    fn from(container: &Container) -> Self {
        Self {
            name: container.name.clone(),
            port: container.port,
            tls: container.tls,
            rewrite: container.path_rewrite.clone(),
            idle: container.idle_limit(),
            cpu_millis: container.cpu.millis,
            memory_bytes: container.memory.bytes,
        }
    }
}

/// A row.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Stored {
    pub(crate) username: String,
    pub(crate) id: Uuid,
    pub(crate) key: Uuid,
    pub(crate) container: Json<Kept>,
    phase: String,
    pub(crate) launched: DateTime<Utc>,
    pub(crate) used: Option<DateTime<Utc>>,
    pub(crate) key_taken_back: Option<DateTime<Utc>>,
}

fn since(time: DateTime<Utc>) -> Duration {
    (Utc::now() - time).to_std().unwrap_or_default()
}

impl Stored {
    /// What is wished. The table takes no other words.
    pub(crate) fn phase(&self) -> Phase {
        Phase::of(&self.phase).unwrap_or(Phase::Ending)
    }

    /// What an executor is asked about; `None` for a user of whose name no names of things can be made.
    pub(crate) fn workspace(&self) -> Option<Workspace> {
        let names = Names::of(&self.username)?;
        Some(Workspace { names, id: self.id, port: self.container.port, tls: self.container.tls })
    }

    pub(crate) fn known(&self) -> Known {
        Known {
            phase: self.phase(),
            key_taken_back: self.key_taken_back.map(since),
            idle: self.used.map(since),
        }
    }
}

/// What `/status` says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    status: &'static str,
    conditions: Option<Vec<Value>>,
    container_states: Option<Vec<Value>>,
    idle_time_limit: i64,
    last_activity_time: i64,
    workspace_type: &'static str,
}

impl Shown {
    pub(crate) fn new(status: Status, seen: &Seen, kind: &'static str) -> Self {
        let (conditions, containers) = match seen {
            Seen::Starting { conditions, containers } if status == Status::Launching => {
                (conditions.as_slice(), containers.as_slice())
            }
            _ => (&[][..], &[][..]),
        };
        let conditions =
            conditions.iter().map(|condition| json!({ "type": condition.kind, "status": condition.status }));
        let is_launching = status == Status::Launching;
        Self {
            status: status.as_str(),
            conditions: is_launching.then(|| conditions.collect()),
            container_states: is_launching.then(|| containers.iter().map(shown_state).collect()),
            idle_time_limit: 0,
            last_activity_time: 0,
            workspace_type: kind,
        }
    }

    /// The same with when it was used last, and after how long without use it ends.
    pub(crate) fn used(self, limit: i64, last: i64) -> Self {
        Self { idle_time_limit: limit, last_activity_time: last, ..self }
    }
}

fn shown_state(container: &ContainerState) -> Value {
    json!({ "name": container.name, "state": container.state, "ready": container.ready })
}

/// What `/options` says of a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Choice<'c> {
    name: &'c str,
    cpu_limit: &'c str,
    memory_limit: &'c str,
    #[serde(rename = "id")]
    id: &'c str,
    gpu: bool,
    idle_time_limit: i64,
}

impl Choice<'_> {
    pub(crate) fn id(&self) -> &str {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    pub(crate) fn cpu(&self) -> &str {
        self.cpu_limit
    }

    pub(crate) fn memory(&self) -> &str {
        self.memory_limit
    }
}

impl<'c> From<&'c Container> for Choice<'c> {
    fn from(container: &'c Container) -> Self {
        Self {
            name: &container.name,
            cpu_limit: &container.cpu.text,
            memory_limit: &container.memory.text,
            id: &container.id,
            gpu: container.gpu,
            idle_time_limit: container.idle_limit().unwrap_or(-1),
        }
    }
}
