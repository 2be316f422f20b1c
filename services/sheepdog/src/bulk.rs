//! Several documents in one transaction (`/bulk`): all are written or none. A later document sees the nodes of
//! the earlier ones.

use std::sync::Arc;

use psqlgraph::{
    running,
    transactions::{self, NewLog, Role, State},
};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::{
    Error, Sheepdog,
    answer::{Answer, Errors, Outcome, raw, written},
    auth::Permitted,
    classify::Scope,
    document::{Format, parse},
    files::IndexWrites,
    intake::{self, Canonical, Documents},
    progress::Progress,
    spool::Spool,
    store::projects::Project,
    submission::{Course, Failure, Source, Submission, Work, explain, lock_open_project},
    task::to_the_end,
    write::{Parts, Written},
};

/// A document of a bulk transfer.
pub(crate) struct Part {
    pub name: String,
    pub format: Format,
    pub text: String,
}

/// A bulk transfer.
pub(crate) struct Bulk {
    pub project: Project,
    pub permitted: Permitted,
    pub role: Role,
    pub is_dry_run: bool,
    pub parts: Vec<Part>,
}

/// A document that has been read.
struct Prepared {
    submission: Submission,
    course: Course,
    outcome: Outcome,
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
    transaction_id: i32,
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
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, bulk: Bulk) -> Result<(u16, Spool), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, bulk).await }).await
}

async fn run_here(sheepdog: &Arc<Sheepdog>, bulk: Bulk) -> Result<(u16, Spool), Error> {
    let log = NewLog {
        submitter: bulk.permitted.submitter.as_deref(),
        role: bulk.role,
        program: &bulk.project.program.name,
        project: &bulk.project.code,
        is_dry_run: bulk.is_dry_run,
    };
    let worker = sheepdog.life.number().await?;
    let id = running::open(&mut *sheepdog.pool.acquire().await?, worker, &log).await?;
    let scope = Scope {
        project_id: bulk.project.project_id(),
        code: bulk.project.code.clone(),
        project_node_id: bulk.project.node_id.clone(),
        creates_only: bulk.role == Role::Create,
    };
    let (is_dry_run, success_code) = (bulk.is_dry_run, if bulk.role == Role::Create { 201 } else { 200 });
    let mut prepared = read(sheepdog, bulk, &scope, id).await?;

    let _turn = sheepdog.turns.take(&scope.project_node_id).await;
    let mut connection = sheepdog.pool.acquire().await?;
    let state = match attempt(sheepdog, &mut connection, &scope, &mut prepared).await {
        Ok(true) => None,
        Ok(false) => Some(State::Succeeded),
        Err((position, failure)) => {
            for part in prepared.iter_mut().rev() {
                let written = std::mem::take(&mut part.course.written);
                work(sheepdog, &scope, &part.submission).take_back(written).await;
            }
            let part = prepared.get_mut(position);
            Some(part.map_or(State::Errored, |part| explain(failure, &mut part.outcome)))
        }
    };
    if let Some(state) = state {
        let mut transaction = connection.begin().await?;
        log_all(sheepdog, &mut transaction, &scope, &mut prepared, state).await?;
        transaction.commit().await?;
    }
    answer(sheepdog, id, &mut prepared, is_dry_run, success_code).await
}

/// Reads the documents; one that cannot be read is a failed one.
async fn read(
    sheepdog: &Arc<Sheepdog>,
    bulk: Bulk,
    scope: &Scope,
    transaction_id: i32,
) -> Result<Vec<Prepared>, Error> {
    let Bulk { project, permitted, role, is_dry_run, parts } = bulk;
    let permitted = Arc::new(permitted);
    let mut prepared = Vec::with_capacity(parts.len());
    for part in parts {
        let mut errors = Errors::new(sheepdog.place());
        let (part, parsed) = parse_apart(sheepdog, part).await?;
        let documents = parsed.unwrap_or_else(|error| {
            errors.push(&Value::from(error.to_string()));
            Vec::new()
        });
        let (classified, canonical) = intake::classified(sheepdog, documents, scope).await?;
        let entities = intake::whole(classified, &mut errors);
        if entities.tally().entities == 0 && errors.is_empty() {
            errors.push(&Value::from("Nothing to submit"));
        }
        let submission = Submission {
            project: project.clone(),
            permitted: permitted.clone(),
            role,
            is_dry_run,
            commits: None,
            documents: Documents::Many(0),
            source: Source { name: Some(part.name), format: part.format, body: part.text.into() },
        };
        let success_code = if role == Role::Create { 201 } else { 200 };
        let outcome = Outcome { transaction_id, entities, errors, is_dry_run, success_code };
        let progress = Progress::new(transaction_id, None);
        let course = Course { incoming: None, canonical, progress, written: Written::default() };
        prepared.push(Prepared { submission, course, outcome });
    }
    Ok(prepared)
}

/// Parses on a thread of its own: large documents take a while.
async fn parse_apart(
    sheepdog: &Arc<Sheepdog>,
    part: Part,
) -> Result<(Part, Result<Vec<Value>, Error>), Error> {
    let sheepdog = sheepdog.clone();
    let work = move || {
        let parsed = parse(part.format, &part.text, &sheepdog.dictionary);
        (part, parsed)
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Corrupt(error.to_string()))
}

fn work<'a>(sheepdog: &'a Arc<Sheepdog>, scope: &'a Scope, submission: &'a Submission) -> Work<'a> {
    Work { sheepdog, submission, scope }
}

/// Whether it was written, with its log. `false`: a dry run, rolled back, still to be logged. A failure comes
/// with the number of the document in which it happened.
async fn attempt(
    sheepdog: &Arc<Sheepdog>,
    connection: &mut PgConnection,
    scope: &Scope,
    prepared: &mut [Prepared],
) -> Result<bool, (usize, Failure)> {
    let at = |position: usize| move |failure: Failure| (position, failure);
    let mut transaction = connection.begin().await.map_err(|error| (0, error.into()))?;
    let Some(first) = prepared.first_mut() else { return Err((0, Failure::Refused)) };
    let is_dry_run = first.submission.is_dry_run;
    lock_open_project(&mut transaction, scope, &mut first.outcome).await.map_err(at(0))?;
    let mut all_index_writes = Vec::new();
    let mut refused = None;
    for (position, part) in prepared.iter_mut().enumerate() {
        let Prepared { submission, course, outcome } = part;
        let work = work(sheepdog, scope, submission);
        match write_part(&work, &mut transaction, outcome, course).await {
            Ok(index_writes) => all_index_writes.push((position, index_writes)),
            // The other documents are looked at, too: one answer tells all that is wrong.
            Err(Failure::Refused) => refused = refused.or(Some(position)),
            Err(failure) => return Err((position, failure)),
        }
    }
    if let Some(position) = refused {
        return Err((position, Failure::Refused));
    }
    if is_dry_run {
        return Ok(false);
    }
    log_all(sheepdog, &mut transaction, scope, prepared, State::Succeeded)
        .await
        .map_err(|error| (0, error.into()))?;
    for (position, index_writes) in all_index_writes {
        let Prepared { submission, course, .. } = &mut prepared[position];
        let work = work(sheepdog, scope, submission);
        work.patch_records(&index_writes, &mut course.written).await.map_err(at(position))?;
    }
    transaction.commit().await.map_err(|error| (0, error.into()))?;
    Ok(true)
}

async fn write_part(
    work: &Work<'_>,
    connection: &mut PgConnection,
    outcome: &mut Outcome,
    course: &mut Course,
) -> Result<IndexWrites, Failure> {
    if !outcome.errors.is_empty() {
        return Err(Failure::Refused);
    }
    let mut index_writes = work.decide(connection, outcome, course).await?;
    if !outcome.is_success() {
        return Err(Failure::Refused);
    }
    let parts = Parts { records: !work.submission.is_dry_run, graph: true, snapshots: false };
    work.write(connection, outcome, course, &mut index_writes, parts).await?;
    Ok(index_writes)
}

/// Snapshots (of a success), documents and the state.
async fn log_all(
    sheepdog: &Arc<Sheepdog>,
    connection: &mut PgConnection,
    scope: &Scope,
    prepared: &mut [Prepared],
    state: State,
) -> Result<(), Error> {
    let parts = Parts { records: false, graph: false, snapshots: state == State::Succeeded };
    for part in prepared.iter_mut() {
        let Prepared { submission, course, outcome } = part;
        let work = work(sheepdog, scope, submission);
        let written = work.write(connection, outcome, course, &mut IndexWrites::default(), parts).await;
        let answer = written.map_err(|failure| match failure {
            Failure::Other(error) => error,
            other => Error::Corrupt(other.to_string()),
        })?;
        work.add_document(connection, outcome, &answer).await?;
    }
    let Some(first) = prepared.first() else { return Ok(()) };
    let canonical = Canonical::join(prepared.iter().map(|part| &part.course.canonical));
    Ok(transactions::finish(connection, first.outcome.transaction_id, state, canonical.text().as_deref())
        .await?)
}

async fn answer(
    sheepdog: &Sheepdog,
    transaction_id: i32,
    prepared: &mut [Prepared],
    is_dry_run: bool,
    success_code: u16,
) -> Result<(u16, Spool), Error> {
    let mut responses = Vec::with_capacity(prepared.len());
    let mut errors = Vec::new();
    for part in prepared.iter_mut() {
        let response = part.outcome.answer(&sheepdog.place(), &sheepdog.dictionary).await?;
        responses.push(raw(&response).await?);
        let text = part.outcome.errors.text().await?.whole().await?;
        errors.extend((!text.is_empty()).then_some(text));
    }
    let errors = String::from_utf8([b"[", errors.join(&b","[..]).as_slice(), b"]"].concat());
    let errors = errors.map_err(|error| Error::Corrupt(error.to_string()))?;
    let outcomes = || prepared.iter().map(|part| &part.outcome);
    let success = !prepared.is_empty() && outcomes().all(Outcome::is_success);
    let code = match (is_dry_run, success) {
        (true, _) => 200,
        (false, true) => success_code,
        (false, false) => 400,
    };
    let counted = |count: fn(&Outcome) -> usize| if success { outcomes().map(count).sum() } else { 0 };
    let names = prepared.iter().map(|part| part.submission.source.name.as_deref());
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
        transaction_id,
        transactional_errors: raw(&errors.into()).await?,
        updated_entity_count: counted(Outcome::updated),
    };
    Ok((code, written(&answer)?.into()))
}
