//! One submission from its documents to its answer: the order of steps, and what happens when one fails.
//!
//! The steps go through the entities batch by batch ([`Batches`]); a usual submission is one batch.
//! Everything is decided before anything is written: first what each entity means (`decide`), then nodes,
//! links, snapshots and the answer (`write`), all in one transaction.

use std::sync::Arc;

use documents::Parsed;
use psqlgraph::transactions::State;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use super::{
    body::Submission,
    intake::{self, Canonical, Documents, Incoming},
    progress::Progress,
    work::{Course, Work},
    write::{GraphWrites, Snapshots},
};
use crate::{
    Error, Sheepdog,
    answer::{
        outcome::{Errors, Outcome, Reader, Statuses},
        taken,
    },
    runtime::{
        batches::Batches,
        memory::Taken,
        spool::Spool,
        task::{apart_to_the_end, to_the_end},
    },
    transaction::{Abort, Opened, TRY_AGAIN, UNEXPECTED, lock_open, not_registered},
};

/// Submissions of larger bodies have threads of their own.
const SMALL_BODY: u64 = 256 << 10;

/// Runs a submission; the answer is the transaction's, with its status. It runs as a task of its own, which
/// comes to its end whatever happens to the request: given up half way, it would leave records in the file
/// index and a log that stays pending.
///
/// # Errors
/// Only when not even the log row can be made: everything later is part of the answer.
pub(super) async fn run(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    documents: Documents,
    taken: Taken,
) -> Result<(u16, Spool), Error> {
    let (sheepdog, workers) = (sheepdog.clone(), sheepdog.workers.clone());
    let is_small = submission.body.spool.len() <= SMALL_BODY;
    let work = async move {
        let _taken = taken;
        let opened = open(&sheepdog, &submission).await?;
        run_opened(&sheepdog, submission, documents, opened).await
    };
    if is_small { to_the_end(work).await } else { apart_to_the_end(&workers, work).await }
}

/// Runs a submission whose documents are at hand.
///
/// # Errors
/// See [`run`].
pub(crate) async fn run_whole(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    documents: Vec<serde_json::Value>,
) -> Result<(u16, Spool), Error> {
    let taken = sheepdog.memory.take(submission.body.need(sheepdog).await?).await?;
    run(sheepdog, submission, Documents::Whole(Parsed { documents, complaint: None }), taken).await
}

/// Opens the log row.
pub(super) async fn open(sheepdog: &Sheepdog, submission: &Submission) -> Result<Opened, Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let permit = &submission.permit;
    Opened::announce(sheepdog, &mut connection, permit, permit.role(), submission.mode).await
}

/// Runs a submission whose log row is open.
pub(super) async fn run_opened(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    documents: Documents,
    opened: Opened,
) -> Result<(u16, Spool), Error> {
    let scope = submission.permit.scope();
    let mut outcome = Outcome {
        transaction_id: opened.id,
        entities: Batches::whole(Vec::new()),
        errors: Errors::new(sheepdog.config.place()),
        statuses: Statuses {
            is_dry_run: submission.mode.is_dry_run(),
            success: submission.permit.success_code(),
        },
    };
    let (canonical, many) = match documents {
        Documents::Many(rows) => (Canonical::default(), Some(rows)),
        Documents::Whole(parsed) => {
            let (classified, canonical) = intake::classified(sheepdog, parsed, &scope).await?;
            outcome.entities = intake::whole(classified, &mut outcome.errors);
            (canonical, None)
        }
    };
    let work = Work { sheepdog, submission: &submission, scope: &scope };
    work.finish(opened, outcome, canonical, many).await
}

impl Work<'_> {
    async fn finish(
        &self,
        opened: Opened,
        mut outcome: Outcome,
        canonical: Canonical,
        many: Option<usize>,
    ) -> Result<(u16, Spool), Error> {
        let _turn = self.sheepdog.turns.take(&self.scope.project_node_id).await;
        let mut connection = self.sheepdog.pool.acquire().await?;
        let progress = Progress::new(outcome.transaction_id, many);
        let incoming =
            many.map(|rows| Incoming::begin(self.sheepdog, &self.submission.body, rows, self.scope.clone()));
        let mut course = Course { incoming, canonical, progress, noted: 0 };
        match self.attempt(&mut connection, &opened, &mut outcome, &mut course).await {
            Ok(answer) => Ok((outcome.code(), answer)),
            Err(abort) => {
                // What failed may have broken the connection.
                drop(connection);
                if course.noted > 0 {
                    self.sheepdog.outbox.take_back(opened.id).await;
                }
                if let Err(error) = self.receive_rest(&mut outcome, &mut course).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a submission could not be read to its end");
                }
                let (abort, busy) = abort.told();
                let state = explain(abort, &mut outcome);
                let place = self.sheepdog.config.place();
                let dictionary = &self.sheepdog.dictionary;
                let whole = outcome.answer(&place, dictionary, Reader::Log).await?;
                let mut transaction = self.sheepdog.pool.begin().await?;
                self.write_log(&mut transaction, &mut outcome, &course, state, &whole).await?;
                transaction.commit().await?;
                if let Some(busy) = busy {
                    return Err(busy);
                }
                let answer = if outcome.is_bounded() {
                    outcome.answer(&place, dictionary, Reader::Client).await?
                } else {
                    whole
                };
                Ok((outcome.code(), answer))
            }
        }
    }

    /// Everything that happens in the submission's one transaction.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        opened: &Opened,
        outcome: &mut Outcome,
        course: &mut Course,
    ) -> Result<Spool, Abort> {
        let mut transaction = connection.begin().await?;
        lock_open(&mut transaction, &self.submission.permit).await?;
        let mut index_writes = self.decide(&mut transaction, outcome, course).await?;
        if !outcome.is_success() {
            return Err(Abort::Refused);
        }
        opened.commit_dry_run(&mut transaction).await?;
        let graph = if opened.mode.is_dry_run() { GraphWrites::None } else { GraphWrites::NodesAndRecords };
        let answer =
            self.write(&mut transaction, outcome, course, &mut index_writes, graph, Snapshots::Keep).await?;
        self.write_log(&mut transaction, outcome, course, State::Succeeded, &answer).await?;
        if !opened.mode.is_dry_run() {
            self.patch_records(opened.id, &index_writes, &mut course.noted).await?;
        }
        opened.close_notes(&mut transaction, course.noted).await?;
        opened.commit(self.sheepdog, transaction).await?;
        Ok(answer)
    }
}

/// Adds the reason to the outcome, and returns the state for the log.
pub(super) fn explain(abort: Abort, outcome: &mut Outcome) -> State {
    let (state, error) = explanation(abort);
    if let Some(error) = error {
        outcome.errors.push(&error);
    }
    state
}

fn explanation(abort: Abort) -> (State, Option<Value>) {
    match abort {
        Abort::Refused => (State::Failed, None),
        Abort::Because(reason) => (State::Failed, Some(json!(reason))),
        Abort::Busy(reason) => (State::Errored, Some(json!(reason))),
        Abort::Index(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the file index refused a submission");
            (State::Failed, Some(json!(not_registered(&error))))
        }
        Abort::Other(error) if error.taken().is_some() => (State::Failed, error.taken().map(taken::error)),
        Abort::Other(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a submission failed");
            let message = if error.is_of_database() { TRY_AGAIN } else { UNEXPECTED };
            (State::Errored, Some(json!(message)))
        }
    }
}
