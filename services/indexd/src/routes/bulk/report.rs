//! What a bulk write answers: a line of JSON for each line of the request, and one that sums them up.

use std::borrow::Cow;

use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Error,
    actions::{Answer, Ending, Outcome},
    document::Revision,
    guid::Guid,
};

/// An error is told to this length.
const SHOWN: usize = 500;
/// Errors of a request are told until they have so many bytes together; of the others the status is.
const SHOWN_IN_ALL: usize = 4 << 20;

/// How a request has ended.
pub(super) enum Conclusion {
    /// Each line stands for itself.
    Each,
    /// If one has failed, nothing was written.
    All,
    /// Nothing was written of this line and those after it.
    Stopped { line: usize, error: Error },
}

#[derive(Serialize)]
struct Told<'a> {
    line: usize,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<&'a Guid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseid: Option<&'a Guid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, str>>,
}

/// What is kept of an outcome: nothing larger than a revision or the beginning of an error.
enum Kept {
    Done(&'static str, Option<Revision>),
    Failed { status: u16, error: String },
}

struct Line {
    number: usize,
    /// The did that it names.
    did: Option<Guid>,
    kept: Kept,
}

/// Outcomes by their lines.
pub(super) struct Report {
    ending: Ending,
    lines: Vec<Line>,
    /// Bytes of the errors.
    told: usize,
}

impl Report {
    pub(super) fn new(ending: Ending) -> Self {
        Self { ending, lines: Vec::new(), told: 0 }
    }

    pub(super) fn ending(&self) -> Ending {
        self.ending
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds outcomes.
    pub(super) fn add(&mut self, answers: impl Iterator<Item = (usize, Answer)>) {
        for (number, Answer { did, outcome }) in answers {
            let kept = match outcome {
                Outcome::Created(revision) => Kept::Done("created", Some(revision)),
                Outcome::Updated(revision) => Kept::Done("updated", Some(revision)),
                Outcome::Unchanged(revision) => Kept::Done("unchanged", Some(revision)),
                Outcome::Deleted => Kept::Done("deleted", None),
                Outcome::Failed(error) => self.failed(&error),
            };
            self.lines.push(Line { number, did, kept });
        }
    }

    /// Adds lines that cannot be read.
    pub(super) fn refuse(&mut self, unreadable: Vec<(usize, Error)>) {
        for (number, error) in unreadable {
            let kept = self.failed(&error);
            self.lines.push(Line { number, did: None, kept });
        }
    }

    fn failed(&mut self, error: &Error) -> Kept {
        error.log();
        let status = error.status();
        let text = shortened(error.public_text());
        let is_told = self.told + text.len() <= SHOWN_IN_ALL;
        let error = if is_told { text } else { status.canonical_reason().unwrap_or("failed").to_owned() };
        if is_told {
            self.told += error.len();
        }
        Kept::Failed { status: status.as_u16(), error }
    }

    /// The answer. Its status is 200, unless all lines had to be written and one could not: then it is that
    /// of the first one.
    pub(super) fn answer(mut self, conclusion: &Conclusion) -> HttpResponse {
        self.lines.sort_by_key(|line| line.number);
        let failed = self.lines.iter().find_map(|line| match line.kept {
            Kept::Failed { status, .. } => Some((line.number, status)),
            Kept::Done(..) => None,
        });
        let spoilt = failed.filter(|_| matches!(conclusion, Conclusion::All));
        let status = spoilt.map_or(StatusCode::OK, |(_, status)| {
            StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
        });
        let mut counts = [("created", 0), ("updated", 0), ("unchanged", 0), ("deleted", 0), ("failed", 0)];
        let mut body = Vec::new();
        for line in &self.lines {
            let told = self.told(line, spoilt.map(|(number, _)| number));
            let result = told.result.unwrap_or("failed");
            counts.iter_mut().filter(|(name, _)| *name == result).for_each(|(_, count)| *count += 1);
            push(&mut body, &told);
        }
        push(&mut body, &json!({ "summary": self.summary(conclusion, spoilt.is_none(), counts) }));
        HttpResponse::build(status).content_type("application/x-ndjson").body(body)
    }

    fn summary(&self, conclusion: &Conclusion, is_whole: bool, counts: [(&str, usize); 5]) -> Value {
        let mut summary = json!({
            "lines": self.lines.len(),
            "written": self.ending == Ending::Keep && is_whole,
            "dry_run": self.ending == Ending::Undo,
        });
        for (name, count) in counts {
            summary[name] = json!(count);
        }
        if let Conclusion::Stopped { line, error } = conclusion {
            error.log();
            summary["stopped"] = json!({
                "line": line, "status": error.status().as_u16(), "error": shortened(error.public_text()),
            });
        }
        summary
    }

    fn told<'l>(&self, line: &'l Line, spoilt: Option<usize>) -> Told<'l> {
        let Line { number, did, kept } = line;
        let (did, status) = (did.as_ref(), 200);
        let base = Told { line: *number, status, result: None, did, baseid: None, rev: None, error: None };
        match (kept, spoilt) {
            (Kept::Failed { status, error }, _) => {
                Told { status: *status, error: Some(Cow::Borrowed(error)), ..base }
            }
            // RFC 4918 §11.4: it depended on another one that failed.
            (Kept::Done(..), Some(first)) => {
                let error = format!("not written, because line {first} cannot be");
                Told { status: 424, error: Some(Cow::Owned(error)), ..base }
            }
            (Kept::Done(result, Some(revision)), None) if self.ending == Ending::Keep => Told {
                result: Some(result),
                did: Some(&revision.did),
                baseid: Some(&revision.baseid),
                rev: Some(&revision.rev),
                ..base
            },
            // Of a dry run, revisions and dids that were made up are gone.
            (Kept::Done(result, _), None) => Told { result: Some(result), ..base },
        }
    }
}

fn push(body: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *body, line).expect("invariant: texts and numbers are written into memory");
    body.push(b'\n');
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push_str("...");
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_errors_is_bounded_whatever_clients_send() {
        let mut report = Report::new(Ending::Keep);
        let long = "x".repeat(1 << 20);
        for number in 0..10_000 {
            report.refuse(vec![(number, Error::bad(if number == 0 { &long } else { &long[..SHOWN] }))]);
        }
        let kept: usize = report
            .lines
            .iter()
            .map(|line| match &line.kept {
                Kept::Failed { error, .. } => error.capacity(),
                Kept::Done(..) => 0,
            })
            .sum();
        assert!(kept <= SHOWN_IN_ALL + 10_000 * 20, "{kept}");
        let Some(Line { kept: Kept::Failed { error, status: 400 }, .. }) = report.lines.last() else {
            panic!("the last line has failed")
        };
        assert_eq!(error, "Bad Request");
    }
}
