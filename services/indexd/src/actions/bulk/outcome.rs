//! What has become of the operations of a bulk write.

use std::collections::HashMap;

use crate::{Error, document::Revision, guid::Guid};

/// What has become of one operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Created(Revision),
    Updated(Revision),
    /// The record has everything that an upsert asked for.
    Unchanged(Revision),
    Deleted,
    Failed(Error),
}

/// An operation's record and what has become of it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The did that the operation names. A new record without one has that of its revision.
    pub(crate) did: Option<Guid>,
    pub(crate) outcome: Outcome,
}

impl Answer {
    /// The did of the record that is written.
    fn record(&self) -> Option<&Guid> {
        match &self.outcome {
            Outcome::Created(revision) => Some(&revision.did),
            _ => self.did.as_ref(),
        }
    }

    pub(crate) fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

/// What becomes of that which could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Keep,
    /// It is undone: a dry run, which says what the database would have said.
    Undo,
}

/// Notes what could not be written.
pub(super) fn fail(answers: &mut [Answer], refused: Vec<(Guid, Error)>) {
    let mut refused: HashMap<Guid, Error> = refused.into_iter().collect();
    if refused.is_empty() {
        return;
    }
    for answer in answers {
        if let Some(error) = answer.record().and_then(|did| refused.remove(did)) {
            answer.outcome = Outcome::Failed(error);
        }
    }
}
