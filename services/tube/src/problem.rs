//! What can be wrong with an etlMapping.yaml.

use std::fmt;

use serde::Serialize;
use yaml::Position;

/// What a problem means for who wants to run the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot be run.
    Error,
    /// It can be run, but not as its author expects.
    Warning,
}

/// One problem of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether it keeps the mapping from being run.
    pub severity: Severity,
    /// Line, from 1; 0 if it concerns the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 if it concerns the file as a whole.
    pub column: usize,
    /// What is wrong, with the value that matters.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Report {
    problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn error(&mut self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, at, message.into(), remedy.into());
    }

    pub(crate) fn warning(&mut self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Warning, at, message.into(), remedy.into());
    }

    fn add(&mut self, severity: Severity, at: Position, message: String, remedy: String) {
        self.problems.push(Problem { severity, line: at.line, column: at.column, message, remedy });
    }

    /// Whether something keeps the mapping from being run.
    pub(crate) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems
    }
}
