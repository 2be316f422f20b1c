//! One submission from its documents to its answer: the order of steps, and what happens when one fails.
//!
//! The steps go through the entities batch by batch ([`Batches`]); a usual submission is one batch.
//! Everything is decided before anything is written: first what each entity means (`decide`), then nodes,
//! links, snapshots and the answer (`write`), all in one transaction.

use std::sync::Arc;

use psqlgraph::transactions::State;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::{
    body::Submission,
    intake::{self, Canonical, Documents, Incoming},
    progress::Progress,
    work::{Course, Work, Written, refuse_nothing},
    write::{GraphWrites, Snapshots},
};
use crate::{
    Error, Sheepdog,
    answer::outcome::{Errors, Outcome, Statuses},
    runtime::{
        batches::Batches,
        memory::Taken,
        spool::Spool,
        task::{apart_to_the_end, to_the_end},
    },
    transaction::{Abort, Opened, UNEXPECTED, lock_open},
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
    let taken = sheepdog.memory.take(submission.body.spool.len()).await;
    run(sheepdog, submission, Documents::Whole(documents), taken).await
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
        Documents::Whole(documents) => {
            let (classified, canonical) = intake::classified(sheepdog, documents, &scope).await?;
            outcome.entities = intake::whole(classified, &mut outcome.errors);
            refuse_nothing(&mut outcome);
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
        let mut course = Course { incoming, canonical, progress, written: Written::default() };
        match self.attempt(&mut connection, opened, &mut outcome, &mut course).await {
            Ok(answer) => Ok((outcome.code(), answer)),
            Err(abort) => {
                self.take_back(std::mem::take(&mut course.written)).await;
                if let Err(error) = self.receive_rest(&mut outcome, &mut course).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a submission could not be read to its end");
                }
                let state = explain(abort, &mut outcome);
                let place = self.sheepdog.config.place();
                let answer = outcome.answer(&place, &self.sheepdog.dictionary).await?;
                let mut transaction = connection.begin().await?;
                self.write_log(&mut transaction, &mut outcome, &course, state, &answer).await?;
                transaction.commit().await?;
                Ok((outcome.code(), answer))
            }
        }
    }

    /// Everything that happens in the submission's one transaction.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        opened: Opened,
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
            self.patch_records(&index_writes, &mut course.written).await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }
}

/// Adds the reason to the outcome, and returns the state for the log.
pub(super) fn explain(abort: Abort, outcome: &mut Outcome) -> State {
    let (state, message) = explanation(abort);
    if let Some(message) = message {
        outcome.errors.push(&json!(message));
    }
    state
}

fn explanation(abort: Abort) -> (State, Option<String>) {
    match abort {
        Abort::Refused => (State::Failed, None),
        Abort::Because(reason) => (State::Failed, Some(reason)),
        Abort::Index(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the file index refused a submission");
            (State::Failed, Some(format!("Fail to register the data node in indexd. Detail {error}")))
        }
        Abort::Other(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a submission failed");
            let message = if error.is_of_database() {
                "Unable to write to database, please try again"
            } else {
                UNEXPECTED
            };
            (State::Errored, Some(message.to_owned()))
        }
    }
}
