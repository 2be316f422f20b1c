//! Several documents in one transaction (`/bulk`): all are written or none. A later document sees the nodes
//! of the earlier ones.

use std::{ops::ControlFlow, sync::Arc};

use documents::Parsed;
use psqlgraph::transactions::{self, State, TransactionId};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection};

use super::{
    body::{Submission, SubmittedBody},
    bulk_body::BulkDocument,
    intake::{self, Canonical},
    progress::Progress,
    run::explain,
    work::{Course, Work},
    write::{GraphWrites, Snapshots},
};
use crate::{
    Error, Sheepdog,
    answer::outcome::{Errors, Outcome, Reader, Statuses},
    auth::SubmissionPermit,
    model::scope::Scope,
    rules::files::IndexWrites,
    runtime::{
        batches::Batches,
        memory::Taken,
        spool::{Spool, Writer},
        task::{compute, to_the_end},
    },
    transaction::{Abort, Mode, Opened, lock_open},
};

/// A bulk transfer at work.
struct Bulk<'a> {
    sheepdog: &'a Arc<Sheepdog>,
    permit: &'a SubmissionPermit,
    scope: Scope,
    opened: Opened,
    statuses: Statuses,
}

/// A document that has been read.
struct ParsedDocument {
    document: BulkDocument,
    parsed: Parsed,
}

/// A document that has been classified.
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

/// The answer without what may be long.
#[derive(Serialize)]
struct BulkHead {
    code: u16,
    created_entity_count: usize,
    document_error_count: usize,
    entity_error_count: usize,
    message: &'static str,
    success: bool,
    transaction_id: TransactionId,
    updated_entity_count: usize,
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
    taken: Taken,
) -> Result<(u16, Spool), Error> {
    let sheepdog = sheepdog.clone();
    let work = async move {
        let _taken = taken;
        let parsed = parse_all(&sheepdog, documents).await?;
        run_here(&sheepdog, Arc::new(permit), mode, parsed).await
    };
    to_the_end(work).await
}

/// Reads the documents, of which there may be only so many in all: they are in memory at once.
async fn parse_all(
    sheepdog: &Arc<Sheepdog>,
    documents: Vec<BulkDocument>,
) -> Result<Vec<ParsedDocument>, Error> {
    let sheepdog = sheepdog.clone();
    let most = sheepdog.config.most_bulk_documents;
    let parse = move || {
        let mut count = 0;
        let parsed = documents.into_iter().map(|document| {
            let mut documents = Vec::new();
            let each = |value| {
                count += 1;
                documents.push(value);
                if count > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let read = documents::read_text(document.format, &document.text, &sheepdog.dictionary, each);
            if count > most {
                return Err(Error::TooManyDocuments { limit: most });
            }
            // A document that cannot be read is a failed one; the others are looked at all the same.
            let parsed = match read {
                Ok(complaint) => Parsed { documents, complaint },
                Err(fault) => {
                    Parsed { documents: Vec::new(), complaint: Some(Error::from(fault).to_string()) }
                }
            };
            Ok(ParsedDocument { document, parsed })
        });
        parsed.collect()
    };
    compute(parse).await?
}

async fn run_here(
    sheepdog: &Arc<Sheepdog>,
    permit: Arc<SubmissionPermit>,
    mode: Mode,
    documents: Vec<ParsedDocument>,
) -> Result<(u16, Spool), Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let opened = Opened::announce(sheepdog, &mut connection, &permit, permit.role(), mode).await?;
    drop(connection);
    let statuses = Statuses { is_dry_run: mode.is_dry_run(), success: permit.success_code() };
    let bulk = Bulk { sheepdog, permit: &permit, scope: permit.scope(), opened, statuses };
    let mut prepared = Vec::with_capacity(documents.len());
    for document in documents {
        prepared.push(bulk.classify(permit.clone(), document).await?);
    }

    let _turn = sheepdog.turns.take(&bulk.scope.project_node_id).await;
    let mut connection = sheepdog.pool.acquire().await?;
    let attempted = bulk.attempt(&mut connection, &mut prepared).await;
    // What failed may have broken the connection.
    drop(connection);
    let mut busy = None;
    let state = match attempted {
        Ok(End::Written) => None,
        Ok(End::RolledBack) => Some(State::Succeeded),
        Err((position, abort)) => {
            let (abort, told) = abort.told();
            busy = told;
            Some(bulk.give_up(&mut prepared, position, abort).await)
        }
    };
    if let Some(state) = state {
        let mut transaction = sheepdog.pool.begin().await?;
        bulk.log_all(&mut transaction, &mut prepared, state).await?;
        transaction.commit().await?;
    }
    if let Some(busy) = busy {
        return Err(busy);
    }
    bulk.answer(&mut prepared).await
}

impl Bulk<'_> {
    async fn classify(
        &self,
        permit: Arc<SubmissionPermit>,
        document: ParsedDocument,
    ) -> Result<Prepared, Error> {
        let place = self.sheepdog.config.place();
        let ParsedDocument { document: BulkDocument { name, format, text }, parsed } = document;
        let mut outcome = Outcome {
            transaction_id: self.opened.id,
            entities: Batches::whole(Vec::new()),
            errors: Errors::new(place),
            statuses: self.statuses,
        };
        let (classified, canonical) = intake::classified(self.sheepdog, parsed, &self.scope).await?;
        outcome.entities = intake::whole(classified, &mut outcome.errors);
        let body = SubmittedBody { name: Some(name), format, spool: text.into() };
        let submission = Submission { permit, mode: self.opened.mode, body };
        let progress = Progress::new(self.opened.id, None);
        let course = Course { incoming: None, canonical, progress, noted: 0 };
        Ok(Prepared { submission, course, outcome })
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
            let work = self.work(submission);
            let patched = work.patch_records(self.opened.id, &index_writes, &mut course.noted).await;
            patched.map_err(at(position))?;
        }
        let noted = prepared.iter().map(|document| document.course.noted).sum();
        let failed = |error: Error| (0, error.into());
        self.opened.close_notes(&mut transaction, noted).await.map_err(failed)?;
        self.opened.commit(self.sheepdog, transaction).await.map_err(failed)?;
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
        if prepared.iter().any(|document| document.course.noted > 0) {
            self.sheepdog.outbox.take_back(self.opened.id).await;
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
        let outcomes = || prepared.iter().map(|document| &document.outcome);
        let success = !prepared.is_empty() && outcomes().all(Outcome::is_success);
        let code = self.statuses.of(success);
        let counted = |count: fn(&Outcome) -> usize| if success { outcomes().map(count).sum() } else { 0 };
        let head = BulkHead {
            code,
            created_entity_count: counted(Outcome::created),
            document_error_count: outcomes().filter(|outcome| !outcome.is_success()).count(),
            entity_error_count: outcomes().map(Outcome::invalid_entities).sum(),
            message: if success { "Bulk Transaction succeeded." } else { "Bulk Transaction failed." },
            success,
            transaction_id: self.opened.id,
            updated_entity_count: counted(Outcome::updated),
        };
        let head = json_text(&head)?;
        let mut text = Writer::new(place.clone());
        text.push(head.strip_suffix('}').unwrap_or(&head).as_bytes());
        let mut begin = ",\"subtransactions\":[";
        for document in prepared.iter_mut() {
            let name = json_text(&document.submission.body.name)?;
            text.push(format!("{begin}{{\"name\":{name},\"response_json\":").as_bytes());
            let response = document.outcome.answer(&place, dictionary, Reader::Client).await?;
            text.append(&response, response.len()).await?;
            text.push(b"}");
            begin = ",";
        }
        text.push(if prepared.is_empty() { b",\"subtransactions\":[]" } else { b"]" });
        text.push(b",\"transactional_errors\":[");
        let mut is_first = true;
        for document in prepared.iter_mut() {
            if document.outcome.errors.is_empty() {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                text.push(b",");
            }
            document.outcome.errors.add_to(&mut text, Reader::Client).await?;
        }
        text.push(b"]}");
        Ok((code, text.finish().await?))
    }
}

fn json_text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing an answer", error))
}
