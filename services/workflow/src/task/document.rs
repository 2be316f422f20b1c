//! The documents of the standard (TES 1.1, `tesTask` and what is in it).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `tesTask`, without what the server adds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// Chosen by the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Files that commands read.
    pub inputs: Vec<TaskInput>,
    /// Files that are kept.
    pub outputs: Vec<TaskOutput>,
    /// What it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Its commands.
    pub executors: Vec<Executor>,
    /// Folders that commands share.
    pub volumes: Vec<String>,
    /// What users note of it.
    pub tags: BTreeMap<String, String>,
}

/// `tesFileType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FileKind {
    /// A file.
    #[default]
    File,
    /// A folder with everything in it.
    Directory,
}

/// `tesInput`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskInput {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where commands find it.
    pub path: String,
    /// File or folder.
    #[serde(rename = "type")]
    pub kind: FileKind,
    /// What is in it, in the place of `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether it may be mounted; it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streamable: Option<bool>,
}

/// `tesOutput`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskOutput {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it goes.
    pub url: String,
    /// Where commands leave it.
    pub path: String,
    /// What is cut from the paths that a pattern finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// File or folder.
    #[serde(rename = "type")]
    pub kind: FileKind,
}

/// `tesExecutor`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Executor {
    /// The image.
    pub image: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// What it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Where its standard output goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Where its standard error goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Its variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whether the next command runs although this one fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_error: Option<bool>,
}

/// `tesResources`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_cores: Option<i32>,
    /// Whether it may be interrupted; it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preemptible: Option<bool>,
    /// Memory in gigabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ram_gb: Option<f64>,
    /// Room for files in gigabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<f64>,
    /// Where it may run; there is one place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// For particular servers, of which this is none.
    #[serde(skip_serializing)]
    pub backend_parameters: BTreeMap<String, String>,
    /// Whether unknown ones of them fail the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_parameters_strict: Option<bool>,
}

/// `tesTaskLog`: one attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskLog {
    /// Of each command that was begun.
    pub logs: Vec<ExecutorLog>,
    /// What ran it.
    pub metadata: BTreeMap<String, String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// What was kept.
    pub outputs: Vec<OutputLog>,
    /// What the service has to say.
    pub system_logs: Vec<String>,
}

/// `tesExecutorLog`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecutorLog {
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// The end of its standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// The end of its standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

/// `tesOutputFileLog`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLog {
    /// Where it is.
    pub url: String,
    /// Where it was.
    pub path: String,
    /// A number as a text, as the standard has it.
    pub size_bytes: String,
}
