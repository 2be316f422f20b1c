//! Many creations, changes and deletions at once.
//!
//! Records are read, then permission is asked for each, then everything is written at the revisions that were
//! read: as single writes do it, with the same statements whatever the number of records.

mod outcome;
mod plan;
mod upsert;

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

pub(crate) use self::outcome::{Answer, Ending, Outcome};
use self::{outcome::fail, plan::Plan};
use crate::{
    Error, Indexd, Layout,
    auth::{Decisions, Permitted},
    document::Revision,
    guid::Guid,
    input::Operation,
    store,
};

/// So many records are written by one statement.
const WRITTEN_AT_ONCE: usize = 1000;

/// So often an upsert that others are quicker than is decided anew before it is refused.
const DECIDED_ANEW: usize = 3;

/// How far some operations have been written.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Of the operations from the first on, in their order.
    pub(crate) answers: Vec<Answer>,
    /// Why there are no more, if they are not all. Nothing of the other operations was written.
    pub(crate) failure: Option<Error>,
}

impl Indexd {
    /// Writes each of `operations` that can be written. No two of them have the same did.
    pub(crate) async fn write_each(
        &self,
        decisions: &mut Decisions<'_>,
        operations: Vec<Operation>,
        ending: Ending,
    ) -> Progress {
        let mut answers = Vec::with_capacity(operations.len());
        // What is still to be written, the next part at the end.
        let mut parts = vec![operations];
        while let Some(mut part) = parts.pop() {
            match self.write_batch(decisions, part.clone(), ending).await {
                Ok(batch) => {
                    let (decided, failure) = self.decided_anew(decisions, &part, batch, ending).await;
                    answers.extend(decided);
                    if failure.is_some() {
                        return Progress { answers, failure };
                    }
                }
                Err(error @ Error::Failed(_)) => return Progress { answers, failure: Some(error) },
                // The database has refused a value of one of them, and with it the statement of all.
                Err(_) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                Err(error) => {
                    let did = part.first().and_then(Operation::did).cloned();
                    answers.push(Answer { did, outcome: Outcome::Failed(error) });
                }
            }
        }
        Progress { answers, failure: None }
    }

    /// The answers, with those of upserts that somebody else was quicker than: what an upsert of no revision
    /// means depends on the record that there is, so it is asked again of the record that there is now. If
    /// the database fails then, they keep their first answers, and the failure ends the rest.
    async fn decided_anew(
        &self,
        decisions: &mut Decisions<'_>,
        operations: &[Operation],
        Batch { mut answers, mut overtaken }: Batch,
        ending: Ending,
    ) -> (Vec<Answer>, Option<Error>) {
        for _ in 0..DECIDED_ANEW {
            let of_now = |operation: &Operation| {
                matches!(operation, Operation::Upsert { rev: None, .. })
                    && operation.did().is_some_and(|did| overtaken.contains(did))
            };
            let (places, again): (Vec<usize>, Vec<Operation>) = operations
                .iter()
                .enumerate()
                .filter(|(_, operation)| of_now(operation))
                .map(|(place, operation)| (place, operation.clone()))
                .unzip();
            if again.is_empty() {
                break;
            }
            let batch = match self.write_batch(decisions, again, ending).await {
                Ok(batch) => batch,
                Err(failure @ Error::Failed(_)) => return (answers, Some(failure)),
                // What is refused as a whole now keeps the answers that it has.
                Err(_) => break,
            };
            for (place, answer) in places.into_iter().zip(batch.answers) {
                answers[place] = answer;
            }
            overtaken = batch.overtaken;
        }
        (answers, None)
    }

    async fn write_batch(
        &self,
        decisions: &mut Decisions<'_>,
        operations: Vec<Operation>,
        ending: Ending,
    ) -> Result<Batch, Error> {
        let Plan { mut answers, permitted } = self.plan(decisions, operations).await?;
        let layout = self.layout().await?;
        let mut transaction = self.pool.begin().await?;
        let written = write(layout, &mut transaction, permitted).await?;
        match ending {
            Ending::Keep => transaction.commit().await?,
            Ending::Undo => {
                transaction.rollback().await?;
                decisions.carry_on();
            }
        }
        self.counted();
        let overtaken = written.refused.iter().map(|(did, _)| did.clone()).collect();
        written.tell(&mut answers);
        Ok(Batch { answers, overtaken })
    }

    /// Writes all of `batches`, or nothing if one of them has an operation that cannot be written. No two
    /// operations have the same did.
    ///
    /// # Errors
    /// When the failure is ours, or the database refuses a value and does not say whose.
    pub(crate) async fn write_all(
        &self,
        decisions: &mut Decisions<'_>,
        batches: Vec<Vec<Operation>>,
        ending: Ending,
    ) -> Result<Vec<Answer>, Error> {
        let mut plan = Plan::default();
        for operations in batches {
            plan.extend(self.plan(decisions, operations).await?);
            decisions.carry_on();
        }
        let Plan { mut answers, permitted } = plan;
        if answers.iter().any(Answer::failed) {
            return Ok(answers);
        }
        let layout = self.layout().await?;
        let mut transaction = self.pool.begin().await?;
        store::bulk::take_turn(&mut transaction).await?;
        write(layout, &mut transaction, permitted).await?.tell(&mut answers);
        if ending == Ending::Keep && !answers.iter().any(Answer::failed) {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        self.counted();
        Ok(answers)
    }
}

/// Operations that were written together as far as they could be.
struct Batch {
    answers: Vec<Answer>,
    /// The records of those that were refused because somebody else has written them since they were read.
    overtaken: HashSet<Guid>,
}

/// What the database has said of some writes.
struct Written {
    /// Of the records that were changed.
    revisions: Vec<Revision>,
    refused: Vec<(Guid, Error)>,
}

impl Written {
    fn tell(self, answers: &mut [Answer]) {
        let mut revisions: HashMap<Guid, Revision> =
            self.revisions.into_iter().map(|revision| (revision.did.clone(), revision)).collect();
        for answer in answers.iter_mut() {
            if let Outcome::Updated(old) = &mut answer.outcome
                && let Some(new) = revisions.remove(&old.did)
            {
                *old = new;
            }
        }
        fail(answers, self.refused);
    }
}

/// Writes what is permitted: all in one order, so that two transactions do not wait for each other.
async fn write(
    layout: Layout,
    connection: &mut PgConnection,
    permitted: Permitted,
) -> Result<Written, Error> {
    layout.lock(connection, &Vec::from_iter(permitted.existing())).await?;
    let Permitted { creates, updates, deletes, .. } = permitted;
    let (mut revisions, mut refused) = (Vec::new(), Vec::new());
    for part in creates.parts(WRITTEN_AT_ONCE, |record| &record.did) {
        for did in layout.insert_records(connection, part).await? {
            let told = format!("did \"{did}\" already exists");
            refused.push((did, Error::Conflict(told)));
        }
    }
    for part in updates.parts(WRITTEN_AT_ONCE, |change| &change.record.did) {
        let updated = layout.update_records(connection, &part).await?;
        let wanted = part.object().iter().map(|change| &change.record.did);
        refused.extend(stale(wanted, updated.iter().map(|revision| &revision.did)));
        revisions.extend(updated);
    }
    for part in deletes.parts(WRITTEN_AT_ONCE, |record| &record.did) {
        let deleted = layout.delete_records(connection, &part).await?;
        let wanted = part.object().iter().map(|record| &record.did);
        refused.extend(stale(wanted, deleted.iter()));
    }
    Ok(Written { revisions, refused })
}

/// Those that were not written because somebody else has changed them meanwhile.
fn stale<'g>(
    wanted: impl Iterator<Item = &'g Guid>,
    written: impl Iterator<Item = &'g Guid>,
) -> Vec<(Guid, Error)> {
    let written: HashSet<&Guid> = written.collect();
    wanted.filter(|did| !written.contains(did)).map(|did| (did.clone(), Error::stale())).collect()
}
