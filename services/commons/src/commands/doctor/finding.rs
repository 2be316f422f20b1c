//! What one look has found.

use serde::Serialize;

use crate::style::{self, Stream};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    /// Something will work with less than it should.
    Warning,
    /// Something will not work.
    Error,
}

/// A line of the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// What was looked at, in a word or two that stay the same.
    pub(super) what: &'static str,
    pub(super) state: State,
    /// What is so.
    pub(super) said: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, state: State::Ok, said: said.into(), remedy: None }
    }

    pub(super) fn warning(what: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, state: State::Warning, said: said.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn error(what: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, state: State::Error, said: said.into(), remedy: Some(remedy.into()) }
    }

    /// As [`Self::error`], where the text says the remedy itself.
    pub(super) fn told(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, state: State::Error, said: said.into(), remedy: None }
    }

    /// Whether something will not work.
    pub(crate) fn is_error(&self) -> bool {
        self.state == State::Error
    }

    /// What is so, and what to do about it, in one text.
    pub(crate) fn told_with_remedy(&self) -> String {
        let said = self.said.trim_end();
        self.remedy.as_ref().map_or_else(|| said.to_owned(), |remedy| format!("{said}; {remedy}"))
    }

    /// For people; the remedy stands below.
    pub(super) fn line(&self) -> String {
        let word = match self.state {
            State::Ok => style::green(Stream::Output, "ok     "),
            State::Warning => style::yellow(Stream::Output, "warning"),
            State::Error => style::red(Stream::Output, "error  "),
        };
        let below = |text: &str| text.trim_end().replace('\n', "\n                      ");
        let mut line = format!("{word}  {:<12} {}", self.what, below(&self.said));
        if let Some(remedy) = &self.remedy {
            line.push_str("\n                      → ");
            line.push_str(&below(remedy));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_remedy_below_it() {
        let line = Finding::warning("clock", "is late\nby an hour", "set it").line();
        let lines: Vec<&str> = line.lines().collect();
        assert!(
            lines[0].ends_with("warning  clock        is late") || lines[0].contains("is late"),
            "{line}"
        );
        assert_eq!((lines[1].trim(), lines[2].trim()), ("by an hour", "→ set it"));
    }
}
