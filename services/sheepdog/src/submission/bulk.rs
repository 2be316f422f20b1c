//! Several documents in one transaction (`/bulk`): all are written or none. A later document sees the nodes
//! of the earlier ones.

use std::sync::Arc;

use documents::Format;
use psqlgraph::transactions::{self, State, TransactionId};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::{
    body::{Submission, SubmittedBody},
    intake::{self, Canonical},
    progress::Progress,
    run::explain,
    work::{Course, Work, Written, refuse_nothing},
    write::{GraphWrites, Snapshots},
};
use crate::{
    Error, Sheepdog,
    answer::{
        json::{Answer, raw, written},
        outcome::{Errors, Outcome, Statuses},
    },
    auth::SubmissionPermit,
    model::scope::Scope,
    rules::files::IndexWrites,
    runtime::{
        batches::Batches,
        spool::Spool,
        task::{compute, to_the_end},
    },
    transaction::{Abort, Mode, Opened, lock_open},
};

/// A document of a bulk transfer.
pub(crate) struct BulkDocument {
    pub name: String,
    pub format: Format,
    pub text: String,
}

/// A bulk transfer at work.
struct Bulk<'a> {
    sheepdog: &'a Arc<Sheepdog>,
    permit: &'a SubmissionPermit,
    scope: Scope,
    opened: Opened,
    statuses: Statuses,
}

/// A document that has been read.
struct Prepared {
    submission: Submission,
    course: Course,
    outcome: Outcome,
}

/// How a transfer without failures ended.
enum End {
    /// Everything was written, with its log.
    Written,
    /// It was a dry run: everything was rolled back, and is still to be logged.
    RolledBack,
}

#[derive(Serialize)]
struct BulkAnswer<'a> {
    code: u16,
    created_entity_count: usize,
    document_error_count: usize,
    entity_error_count: usize,
    message: &'static str,
    subtransactions: Vec<SubAnswer<'a>>,
    success: bool,
    transaction_id: TransactionId,
    transactional_errors: Answer,
    updated_entity_count: usize,
}

#[derive(Serialize)]
struct SubAnswer<'a> {
    name: Option<&'a str>,
    response_json: Answer,
}

/// Runs a bulk transfer; the answer is the transaction's, with its status. A client that goes away does not
/// stop it.
///
/// # Errors
/// When the log row cannot be made.
pub(crate) async fn run(
    sheepdog: &Arc<Sheepdog>,
    permit: SubmissionPermit,
    mode: Mode,
    documents: Vec<BulkDocument>,
) -> Result<(u16, Spool), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, Arc::new(permit), mode, documents).await }).await
}

async fn run_here(
    sheepdog: &Arc<Sheepdog>,
    permit: Arc<SubmissionPermit>,
    mode: Mode,
    documents: Vec<BulkDocument>,
) -> Result<(u16, Spool), Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let opened = Opened::announce(sheepdog, &mut connection, &permit, permit.role(), mode).await?;
    drop(connection);
    let statuses = Statuses { is_dry_run: mode.is_dry_run(), success: permit.success_code() };
    let bulk = Bulk { sheepdog, permit: &permit, scope: permit.scope(), opened, statuses };
    let mut prepared = Vec::with_capacity(documents.len());
    for document in documents {
        prepared.push(bulk.read(permit.clone(), document).await?);
    }

    let _turn = sheepdog.turns.take(&bulk.scope.project_node_id).await;
    let mut connection = sheepdog.pool.acquire().await?;
    let state = match bulk.attempt(&mut connection, &mut prepared).await {
        Ok(End::Written) => None,
        Ok(End::RolledBack) => Some(State::Succeeded),
        Err((position, abort)) => Some(bulk.give_up(&mut prepared, position, abort).await),
    };
    if let Some(state) = state {
        let mut transaction = connection.begin().await?;
        bulk.log_all(&mut transaction, &mut prepared, state).await?;
        transaction.commit().await?;
    }
    bulk.answer(&mut prepared).await
}

impl Bulk<'_> {
    /// Reads a document; one that cannot be read is a failed one.
    async fn read(&self, permit: Arc<SubmissionPermit>, document: BulkDocument) -> Result<Prepared, Error> {
        let place = self.sheepdog.config.place();
        let BulkDocument { name, format, text } = document;
        let (text, parsed) = self.parse(format, text).await?;
        let mut outcome = Outcome {
            transaction_id: self.opened.id,
            entities: Batches::whole(Vec::new()),
            errors: Errors::new(place),
            statuses: self.statuses,
        };
        let documents = parsed.unwrap_or_else(|error| {
            outcome.errors.push(&Value::from(error.to_string()));
            Vec::new()
        });
        let (classified, canonical) = intake::classified(self.sheepdog, documents, &self.scope).await?;
        outcome.entities = intake::whole(classified, &mut outcome.errors);
        if outcome.errors.is_empty() {
            refuse_nothing(&mut outcome);
        }
        let body = SubmittedBody { name: Some(name), format, spool: text.into() };
        let submission = Submission { permit, mode: self.opened.mode, body };
        let progress = Progress::new(self.opened.id, None);
        let course = Course { incoming: None, canonical, progress, written: Written::default() };
        Ok(Prepared { submission, course, outcome })
    }

    async fn parse(
        &self,
        format: Format,
        text: String,
    ) -> Result<(String, Result<Vec<Value>, documents::Fault>), Error> {
        let sheepdog = self.sheepdog.clone();
        compute(move || {
            let parsed = documents::parse(format, &text, &sheepdog.dictionary);
            (text, parsed)
        })
        .await
    }

    fn work<'w>(&'w self, submission: &'w Submission) -> Work<'w> {
        Work { sheepdog: self.sheepdog, submission, scope: &self.scope }
    }

    /// A failure comes with the number of the document in which it happened.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        prepared: &mut [Prepared],
    ) -> Result<End, (usize, Abort)> {
        let at = |position: usize| move |abort: Abort| (position, abort);
        let mut transaction = connection.begin().await.map_err(|error| (0, error.into()))?;
        lock_open(&mut transaction, self.permit).await.map_err(at(0))?;
        let mut all_index_writes = Vec::new();
        let mut refused = None;
        for (position, document) in prepared.iter_mut().enumerate() {
            match self.write(&mut transaction, document).await {
                Ok(index_writes) => all_index_writes.push((position, index_writes)),
                // The other documents are looked at, too: one answer tells all that is wrong.
                Err(Abort::Refused) => refused = refused.or(Some(position)),
                Err(abort) => return Err((position, abort)),
            }
        }
        if let Some(position) = refused {
            return Err((position, Abort::Refused));
        }
        if self.opened.mode.is_dry_run() {
            return Ok(End::RolledBack);
        }
        self.log_all(&mut transaction, prepared, State::Succeeded)
            .await
            .map_err(|error| (0, error.into()))?;
        for (position, index_writes) in all_index_writes {
            let Prepared { submission, course, .. } = &mut prepared[position];
            let patched = self.work(submission).patch_records(&index_writes, &mut course.written).await;
            patched.map_err(at(position))?;
        }
        transaction.commit().await.map_err(|error| (0, error.into()))?;
        Ok(End::Written)
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        document: &mut Prepared,
    ) -> Result<IndexWrites, Abort> {
        let Prepared { submission, course, outcome } = document;
        if !outcome.errors.is_empty() {
            return Err(Abort::Refused);
        }
        let work = self.work(submission);
        let mut index_writes = work.decide(connection, outcome, course).await?;
        if !outcome.is_success() {
            return Err(Abort::Refused);
        }
        // A later document has to find the nodes of this one, in a dry run too.
        let graph =
            if self.opened.mode.is_dry_run() { GraphWrites::Nodes } else { GraphWrites::NodesAndRecords };
        work.write(connection, outcome, course, &mut index_writes, graph, Snapshots::Skip).await?;
        Ok(index_writes)
    }

    /// Takes everything back, and says in the answer of the document at `position` why.
    async fn give_up(&self, prepared: &mut [Prepared], position: usize, abort: Abort) -> State {
        for document in prepared.iter_mut().rev() {
            let written = std::mem::take(&mut document.course.written);
            self.work(&document.submission).take_back(written).await;
        }
        match prepared.get_mut(position) {
            Some(document) => explain(abort, &mut document.outcome),
            None => State::Errored,
        }
    }

    /// Snapshots (of a success), documents and the state.
    async fn log_all(
        &self,
        connection: &mut PgConnection,
        prepared: &mut [Prepared],
        state: State,
    ) -> Result<(), Error> {
        let snapshots = if state == State::Succeeded { Snapshots::Keep } else { Snapshots::Skip };
        for document in prepared.iter_mut() {
            let Prepared { submission, course, outcome } = document;
            let (work, mut no_writes) = (self.work(submission), IndexWrites::default());
            let graph = GraphWrites::None;
            let written = work.write(connection, outcome, course, &mut no_writes, graph, snapshots).await;
            let answer = written.map_err(|abort| match abort {
                Abort::Other(error) => error,
                other => Error::internal("logging a bulk transfer", other),
            })?;
            work.add_document(connection, outcome, &answer).await?;
        }
        let canonical = Canonical::join(prepared.iter().map(|document| &document.course.canonical));
        Ok(transactions::finish(connection, self.opened.id, state, canonical.text().as_deref()).await?)
    }

    async fn answer(&self, prepared: &mut [Prepared]) -> Result<(u16, Spool), Error> {
        let (place, dictionary) = (self.sheepdog.config.place(), &self.sheepdog.dictionary);
        let mut responses = Vec::with_capacity(prepared.len());
        let mut errors = Vec::new();
        for document in prepared.iter_mut() {
            let response = document.outcome.answer(&place, dictionary).await?;
            responses.push(raw(&response).await?);
            let text = document.outcome.errors.text().await?.whole().await?;
            errors.extend((!text.is_empty()).then_some(text));
        }
        let errors = String::from_utf8([b"[", errors.join(&b","[..]).as_slice(), b"]"].concat());
        let errors = errors.map_err(|error| Error::internal("writing an answer", error))?;
        let outcomes = || prepared.iter().map(|document| &document.outcome);
        let success = !prepared.is_empty() && outcomes().all(Outcome::is_success);
        let code = self.statuses.of(success);
        let counted = |count: fn(&Outcome) -> usize| if success { outcomes().map(count).sum() } else { 0 };
        let names = prepared.iter().map(|document| document.submission.body.name.as_deref());
        let answer = BulkAnswer {
            code,
            created_entity_count: counted(Outcome::created),
            document_error_count: outcomes().filter(|outcome| !outcome.is_success()).count(),
            entity_error_count: outcomes().map(Outcome::invalid_entities).sum(),
            message: if success { "Bulk Transaction succeeded." } else { "Bulk Transaction failed." },
            subtransactions: names
                .zip(responses)
                .map(|(name, response_json)| SubAnswer { name, response_json })
                .collect(),
            success,
            transaction_id: self.opened.id,
            transactional_errors: raw(&errors.into()).await?,
            updated_entity_count: counted(Outcome::updated),
        };
        Ok((code, written(&answer)?.into()))
    }
}
