//! What can be wrong with a dictionary, in words that help its author to correct it.

use serde::Serialize;

/// What a problem means for who wants to use the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot be used.
    Error,
    /// It can be used, but not as its author expects, or not by all tools of the ecosystem.
    Warning,
}

/// One thing that is wrong with a dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}{message}. {remedy}", place(.file, .path))]
pub struct Problem {
    /// Whether it keeps the dictionary from being used.
    pub severity: Severity,
    /// File name, for example `sample.yaml`; empty if it concerns the whole dictionary.
    pub file: String,
    /// Place in the file as a JSON pointer, for example `/links/0/required`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// `sample.yaml: /links/0: `, without what is not known.
fn place(file: &str, path: &str) -> String {
    [file, path].iter().filter(|part| !part.is_empty()).map(|part| format!("{part}: ")).collect()
}

impl Problem {
    /// An error at `path` of `file`.
    pub fn new(
        file: &str,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (path, message, remedy) = (path.into(), message.into(), remedy.into());
        Self { severity: Severity::Error, file: file.to_owned(), path, message, remedy }
    }

    /// A warning at `path` of `file`.
    pub fn warning(
        file: &str,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::new(file, path, message, remedy) }
    }
}

/// Why a dictionary was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder, file or address could not be read.
    #[error("cannot read the dictionary at {source_name}: {reason}")]
    Unreadable {
        /// The folder, file or address.
        source_name: String,
        /// What went wrong.
        reason: String,
    },
    /// It was read, but cannot be used.
    #[error("the dictionary cannot be used:\n{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl LoadError {
    /// The problems of the dictionary's content; none if it could not be read at all.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid(problems) => problems,
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// Appends one step to a JSON pointer, escaped as RFC 6901 demands.
pub(crate) fn step(path: &str, key: impl std::fmt::Display) -> String {
    format!("{path}/{}", key.to_string().replace('~', "~0").replace('/', "~1"))
}
