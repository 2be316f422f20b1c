//! One submission from its documents to its answer: the order of steps, and what happens when one fails.
//!
//! The steps go through the entities batch by batch ([`Batches`]); a usual submission is one batch. Everything is decided
//! before anything is written: first what each entity means (`decide`), then nodes, links, snapshots and the answer
//! (`write`), all in one transaction.

use std::sync::Arc;

use dictionary::NodeType;
use documents::Format;
use indexclient::IndexError;
use psqlgraph::{
    running,
    transactions::{self, NewLog, Role, State},
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    Error, Sheepdog,
    answer::{Errors, Outcome},
    auth::Permitted,
    batches::Batches,
    classify::Scope,
    intake::{self, Canonical, Documents, Incoming},
    progress::Progress,
    room::Taken,
    spool::Spool,
    store::{self, projects::Project},
    task::{apart_to_the_end, to_the_end},
    write::{Parts, Written},
};

/// A submission whose documents were found to be readable.
pub(crate) struct Submission {
    pub project: Project,
    pub permitted: Arc<Permitted>,
    /// [`Role::Create`] for POST, [`Role::Update`] for PUT.
    pub role: Role,
    pub is_dry_run: bool,
    /// The dry run that this commits.
    pub commits: Option<i32>,
    pub documents: Documents,
    pub source: Source,
}

/// The body as it came.
pub(crate) struct Source {
    /// Header `X-Document-Name`.
    pub name: Option<String>,
    pub format: Format,
    pub body: Spool,
}

/// Why a submission came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is complete; only the transaction has to be rolled back.
    #[error("refused")]
    Refused,
    /// The file index refused or did not answer.
    #[error("{0}")]
    Index(#[from] IndexError),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Submissions of larger bodies have threads of their own.
const SMALL_BODY: u64 = 256 << 10;

/// Runs a submission; the answer is the transaction's, with its status. It runs as a task of its
/// own, which comes to its end whatever happens to the request: given up half way, it would leave records in the
/// file index and a log that stays pending.
///
/// # Errors
/// Only when not even the log row can be made: everything later is part of the answer.
pub(crate) async fn run(
    sheepdog: &Arc<Sheepdog>,
    submission: Submission,
    room: Taken,
) -> Result<(u16, Spool), Error> {
    let (sheepdog, workers) = (sheepdog.clone(), sheepdog.workers.clone());
    let is_small = submission.source.body.len() <= SMALL_BODY;
    let work = async move {
        let _room = room;
        let transaction_id = open_log(&sheepdog, &submission).await?;
        run_opened(&sheepdog, submission, transaction_id).await
    };
    match is_small {
        true => to_the_end(work).await,
        false => apart_to_the_end(&workers, work).await,
    }
}

/// Opens the log row, in a transaction of its own, so that others see the work in progress.
pub(crate) async fn open_log(sheepdog: &Sheepdog, submission: &Submission) -> Result<i32, Error> {
    let log = NewLog {
        submitter: submission.permitted.submitter.as_deref(),
        role: submission.role,
        program: &submission.project.program.name,
        project: &submission.project.code,
        is_dry_run: submission.is_dry_run,
    };
    let worker = sheepdog.life.number().await?;
    Ok(running::open(&mut *sheepdog.pool.acquire().await?, worker, &log).await?)
}

/// Runs a submission whose log row is open.
pub(crate) async fn run_opened(
    sheepdog: &Arc<Sheepdog>,
    mut submission: Submission,
    transaction_id: i32,
) -> Result<(u16, Spool), Error> {
    let scope = Scope {
        project_id: submission.project.project_id(),
        code: submission.project.code.clone(),
        project_node_id: submission.project.node_id.clone(),
        creates_only: submission.role == Role::Create,
    };
    let mut outcome = Outcome {
        transaction_id,
        entities: Batches::whole(Vec::new()),
        errors: Errors::new(sheepdog.place()),
        is_dry_run: submission.is_dry_run,
        success_code: if submission.role == Role::Create { 201 } else { 200 },
    };
    let documents = std::mem::replace(&mut submission.documents, Documents::Many(0));
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
    work.finish(outcome, canonical, many).await
}

fn refuse_nothing(outcome: &mut Outcome) {
    if outcome.entities.tally().entities == 0 {
        outcome.errors.push(&json!("Nothing to submit"));
    }
}

/// A submission at work.
pub(crate) struct Work<'a> {
    pub sheepdog: &'a Arc<Sheepdog>,
    pub submission: &'a Submission,
    pub scope: &'a Scope,
}

/// What a submission has beside its outcome while it works.
pub(crate) struct Course {
    /// Entities that have not come yet.
    pub incoming: Option<Incoming>,
    pub canonical: Canonical,
    pub progress: Progress,
    pub written: Written,
}

impl Work<'_> {
    async fn finish(
        &self,
        mut outcome: Outcome,
        canonical: Canonical,
        many: Option<usize>,
    ) -> Result<(u16, Spool), Error> {
        let _turn = self.sheepdog.turns.take(&self.scope.project_node_id).await;
        let mut connection = self.sheepdog.pool.acquire().await?;
        let progress = Progress::new(outcome.transaction_id, many);
        let incoming = many.map(|rows| self.incoming(rows));
        let mut course = Course { incoming, canonical, progress, written: Written::default() };
        match self.attempt(&mut connection, &mut outcome, &mut course).await {
            Ok(answer) => Ok((outcome.code(), answer)),
            Err(failure) => {
                self.take_back(std::mem::take(&mut course.written)).await;
                if let Err(error) = self.receive_rest(&mut outcome, &mut course).await {
                    tracing::error!(error = ?error, "a submission could not be read to its end");
                }
                let state = explain(failure, &mut outcome);
                let answer = outcome.answer(&self.sheepdog.place(), &self.sheepdog.dictionary).await?;
                let mut transaction = connection.begin().await?;
                self.write_log(&mut transaction, &mut outcome, &course, state, &answer).await?;
                transaction.commit().await?;
                Ok((outcome.code(), answer))
            }
        }
    }

    fn incoming(&self, rows: usize) -> Incoming {
        let source = &self.submission.source;
        Incoming::begin(self.sheepdog, source.format, source.body.clone(), rows, self.scope.clone())
    }

    /// Takes the entities that have not come yet; a failure must not keep them out of the answer.
    pub(crate) async fn receive_rest(&self, outcome: &mut Outcome, course: &mut Course) -> Result<(), Error> {
        let Some(incoming) = course.incoming.take() else { return Ok(()) };
        (outcome.entities, course.canonical) = incoming.finish(&mut outcome.errors).await?;
        refuse_nothing(outcome);
        Ok(())
    }

    /// Everything that happens in the submission's one transaction.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
    ) -> Result<Spool, Failure> {
        let mut transaction = connection.begin().await?;
        lock_open_project(&mut transaction, self.scope, outcome).await?;
        let mut index_writes = self.decide(&mut transaction, outcome, course).await?;
        if !outcome.is_success() {
            return Err(Failure::Refused);
        }
        let is_dry_run = self.submission.is_dry_run;
        if !is_dry_run
            && let Some(dry_run) = self.submission.commits
            && !transactions::set_committed_by(&mut transaction, dry_run, outcome.transaction_id).await?
        {
            let message = format!("Transaction {dry_run} was committed by another request");
            outcome.errors.push(&json!(message));
            return Err(Failure::Refused);
        }
        let parts = Parts { records: !is_dry_run, graph: !is_dry_run, snapshots: true };
        let answer = self.write(&mut transaction, outcome, course, &mut index_writes, parts).await?;
        self.write_log(&mut transaction, outcome, course, State::Succeeded, &answer).await?;
        if !is_dry_run {
            self.patch_records(&index_writes, &mut course.written).await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }
}

/// Locks the project, so that its writers take turns and nothing that was looked up changes before it is used.
/// It must still be open.
pub(crate) async fn lock_open_project(
    connection: &mut PgConnection,
    scope: &Scope,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let props = store::projects::lock(connection, &scope.project_node_id).await?;
    let state = props.get("state").and_then(Value::as_str).unwrap_or("None");
    if state == "open" {
        return Ok(());
    }
    let message = format!("Project is in state '{state}'; it must be in state <open>.");
    outcome.errors.push(&json!(message));
    Err(Failure::Refused)
}

/// What the log and the client are told about a failure.
pub(crate) fn explain(failure: Failure, outcome: &mut Outcome) -> State {
    let (state, message) = explanation(failure);
    if let Some(message) = message {
        outcome.errors.push(&json!(message));
    }
    state
}

fn explanation(failure: Failure) -> (State, Option<String>) {
    match failure {
        Failure::Refused => (State::Failed, None),
        Failure::Index(error) => {
            tracing::warn!(error = %error, "the file index refused a submission");
            (State::Failed, Some(format!("Fail to register the data node in indexd. Detail {error}")))
        }
        Failure::Other(Error::Database(error)) if error.as_database_error().is_some() => {
            tracing::error!(error = %error, "a submission could not be written");
            (State::Errored, Some("Unable to write to database, please try again".to_owned()))
        }
        Failure::Other(error) => {
            tracing::error!(error = ?error, "a submission failed");
            let message = "Internal server error. Sorry, something unexpected went wrong!";
            (State::Errored, Some(message.to_owned()))
        }
    }
}

/// Every property of the type, null where nothing is set: the form of snapshots, written in the order of the names.
pub(crate) fn all_props<'a>(node_type: &'a NodeType, props: &'a Map<String, Value>) -> AllProps<'a> {
    let value = |name: &str| props.get(name).unwrap_or(&Value::Null);
    let properties = node_type.stored_properties();
    let mut all: Vec<_> =
        properties.map(|property| (property.name.as_str(), value(&property.name))).collect();
    all.sort_unstable_by_key(|(name, _)| *name);
    AllProps(all)
}

/// See [`all_props`].
pub(crate) struct AllProps<'a>(Vec<(&'a str, &'a Value)>);

impl Serialize for AllProps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
