//! What can be wrong with a dictionary, in words that help its author to correct it.

use serde::Serialize;

/// One thing that is wrong with a dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}: {path}: {message}. {remedy}")]
pub struct Problem {
    /// File name, for example `sample.yaml`; empty if it concerns the whole dictionary.
    pub file: String,
    /// Place in the file as a JSON pointer, for example `/links/0/required`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem at `path` of `file`.
    pub fn new(
        file: &str,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), path: path.into(), message: message.into(), remedy: remedy.into() }
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
