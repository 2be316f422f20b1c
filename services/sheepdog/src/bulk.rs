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
    answer::{Answer, Outcome, written},
    auth::Permitted,
    classify::Scope,
    document::{Format, parse},
    files::IndexWrites,
    store::projects::Project,
    submission::{Failure, Source, Submission, Work, Written, explain, lock_open_project, prepare},
    task::to_the_end,
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
    canonical: String,
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
    transactional_errors: Vec<&'a Value>,
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
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, bulk: Bulk) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, bulk).await }).await
}

async fn run_here(sheepdog: &Arc<Sheepdog>, bulk: Bulk) -> Result<(u16, Answer), Error> {
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
    let mut written_records = Written::default();
    let state = match attempt(sheepdog, &mut connection, &scope, &mut prepared, &mut written_records).await {
        Ok(true) => None,
        Ok(false) => Some(State::Succeeded),
        Err((position, failure)) => {
            if let Some(first) = prepared.first() {
                work(sheepdog, &scope, first).take_back(written_records).await;
            }
            prepared
                .get_mut(position)
                .map(|part| explain(failure, &mut part.outcome))
                .or(Some(State::Errored))
        }
    };
    if let Some(state) = state {
        let mut transaction = connection.begin().await?;
        log_all(sheepdog, &mut transaction, &scope, &prepared, state).await?;
        transaction.commit().await?;
    }
    answer(sheepdog, id, &prepared, is_dry_run, success_code)
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
        let (part, parsed) = parse_apart(sheepdog, part).await?;
        let (documents, mut errors) = match parsed {
            Ok(documents) => (documents, Vec::new()),
            Err(error) => (Vec::new(), vec![Value::from(error.to_string())]),
        };
        let (entities, unclassified, canonical) = prepare(sheepdog, documents, scope.clone()).await?;
        errors.extend(unclassified);
        if entities.is_empty() && errors.is_empty() {
            errors.push(Value::from("Nothing to submit"));
        }
        let submission = Submission {
            project: project.clone(),
            permitted: permitted.clone(),
            role,
            is_dry_run,
            commits: None,
            documents: Vec::new(),
            source: Source { name: Some(part.name), format: part.format.as_str(), text: part.text },
        };
        let success_code = if role == Role::Create { 201 } else { 200 };
        let outcome =
            Outcome { transaction_id, entities, transactional_errors: errors, is_dry_run, success_code };
        prepared.push(Prepared { submission, canonical, outcome });
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

fn work<'a>(sheepdog: &'a Sheepdog, scope: &'a Scope, part: &'a Prepared) -> Work<'a> {
    Work { sheepdog, submission: &part.submission, scope, canonical: &part.canonical }
}

/// Whether it was written, with its log. `false`: a dry run, rolled back, still to be logged. A failure comes
/// with the number of the document in which it happened.
async fn attempt(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    scope: &Scope,
    prepared: &mut [Prepared],
    written_records: &mut Written,
) -> Result<bool, (usize, Failure)> {
    let at = |position: usize| move |failure: Failure| (position, failure);
    let mut transaction = connection.begin().await.map_err(|error| (0, error.into()))?;
    let Some(first) = prepared.first_mut() else { return Err((0, Failure::Refused)) };
    let is_dry_run = first.submission.is_dry_run;
    lock_open_project(&mut transaction, scope, &mut first.outcome).await.map_err(at(0))?;
    let mut all_index_writes = Vec::new();
    let mut refused = None;
    for (position, part) in prepared.iter_mut().enumerate() {
        let Prepared { submission, canonical, outcome } = part;
        let work = Work { sheepdog, submission, scope, canonical };
        match write_part(&work, &mut transaction, outcome, written_records).await {
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
        let work = work(sheepdog, scope, &prepared[position]);
        work.patch_records(&index_writes, written_records).await.map_err(at(position))?;
    }
    transaction.commit().await.map_err(|error| (0, error.into()))?;
    Ok(true)
}

async fn write_part(
    work: &Work<'_>,
    connection: &mut PgConnection,
    outcome: &mut Outcome,
    written_records: &mut Written,
) -> Result<IndexWrites, Failure> {
    if !outcome.transactional_errors.is_empty() {
        return Err(Failure::Refused);
    }
    let (index_writes, edges) = work.resolve(connection, outcome).await?;
    if !outcome.is_success() {
        return Err(Failure::Refused);
    }
    if !work.submission.is_dry_run {
        work.create_records(outcome, &index_writes, written_records).await?;
    }
    work.write(connection, outcome, edges).await?;
    Ok(index_writes)
}

/// Snapshots (of a success), documents and the state.
async fn log_all(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    scope: &Scope,
    prepared: &[Prepared],
    state: State,
) -> Result<(), Error> {
    let mut canonical = Vec::new();
    for part in prepared {
        let work = work(sheepdog, scope, part);
        if state == State::Succeeded {
            work.add_snapshots(connection, &part.outcome).await.map_err(|failure| match failure {
                Failure::Other(error) => error,
                other => Error::Corrupt(other.to_string()),
            })?;
        }
        let answer = part.outcome.answer(&sheepdog.dictionary)?;
        work.add_document(connection, &part.outcome, &answer).await?;
        let documents: Vec<Value> =
            serde_json::from_str(&part.canonical).map_err(|error| Error::Corrupt(error.to_string()))?;
        canonical.extend(documents);
    }
    let Some(first) = prepared.first() else { return Ok(()) };
    let canonical = Value::Array(canonical).to_string();
    Ok(transactions::finish(connection, first.outcome.transaction_id, state, Some(&canonical)).await?)
}

fn answer(
    sheepdog: &Sheepdog,
    transaction_id: i32,
    prepared: &[Prepared],
    is_dry_run: bool,
    success_code: u16,
) -> Result<(u16, Answer), Error> {
    let outcomes = || prepared.iter().map(|part| &part.outcome);
    let success = !prepared.is_empty() && outcomes().all(Outcome::is_success);
    let code = match (is_dry_run, success) {
        (true, _) => 200,
        (false, true) => success_code,
        (false, false) => 400,
    };
    let counted = |count: fn(&Outcome) -> usize| if success { outcomes().map(count).sum() } else { 0 };
    let subtransactions = prepared.iter().map(|part| {
        let response_json = part.outcome.answer(&sheepdog.dictionary)?;
        Ok(SubAnswer { name: part.submission.source.name.as_deref(), response_json })
    });
    let answer = BulkAnswer {
        code,
        created_entity_count: counted(Outcome::created),
        document_error_count: outcomes().filter(|outcome| !outcome.is_success()).count(),
        entity_error_count: outcomes().map(Outcome::invalid_entities).sum(),
        message: if success { "Bulk Transaction succeeded." } else { "Bulk Transaction failed." },
        subtransactions: subtransactions.collect::<Result<_, Error>>()?,
        success,
        transaction_id,
        transactional_errors: outcomes().flat_map(|outcome| &outcome.transactional_errors).collect(),
        updated_entity_count: counted(Outcome::updated),
    };
    Ok((code, written(&answer)?))
}
