//! The state that all steps of a submission share.

use std::sync::Arc;

use serde_json::json;

use super::{
    body::Submission,
    intake::{Canonical, Incoming, NOTHING},
    progress::Progress,
};
use crate::{Error, Sheepdog, answer::outcome::Outcome, model::scope::Scope};

/// A submission at work.
pub(super) struct Work<'a> {
    pub sheepdog: &'a Arc<Sheepdog>,
    pub submission: &'a Submission,
    pub scope: &'a Scope,
}

/// The state of a submission beside its outcome.
pub(super) struct Course {
    /// Entities that have not come yet.
    pub incoming: Option<Incoming>,
    pub canonical: Canonical,
    pub progress: Progress,
    /// The number of changes of the index that are noted.
    pub noted: u64,
}

impl Work<'_> {
    /// Takes the entities that have not come yet; a failure must not keep them out of the answer.
    pub(super) async fn receive_rest(&self, outcome: &mut Outcome, course: &mut Course) -> Result<(), Error> {
        let Some(incoming) = course.incoming.take() else { return Ok(()) };
        (outcome.entities, course.canonical) = incoming.finish(&mut outcome.errors).await?;
        refuse_nothing(outcome);
        Ok(())
    }
}

/// A submission without entities is an error.
fn refuse_nothing(outcome: &mut Outcome) {
    if outcome.entities.tally().entities == 0 {
        outcome.errors.push(&json!(NOTHING));
    }
}
