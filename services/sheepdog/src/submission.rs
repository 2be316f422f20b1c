//! One submission from its documents to its answer: the order of steps, and what happens when one fails.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{SecondsFormat, Utc};
use dictionary::{NodeType, Property};
use indexclient::{Caller, IndexError, Revision};
use psqlgraph::{
    running,
    transactions::{self, Document, NewLog, Role, Snapshot, State},
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json, value::RawValue};
use sqlx::{Connection as _, PgConnection};
use tracing::Instrument as _;

use crate::{
    Error, Sheepdog,
    answer::{Answer, Outcome},
    auth::Permitted,
    classify::{Scope, classify},
    entity::{Action, Entity},
    files::{self, IndexWrites},
    links, resolve, store,
    store::{nodes::Part, projects::Project},
};

/// A submission, parsed.
pub(crate) struct Submission {
    pub project: Project,
    pub permitted: Arc<Permitted>,
    /// [`Role::Create`] for POST, [`Role::Update`] for PUT.
    pub role: Role,
    pub is_dry_run: bool,
    /// The dry run that this commits.
    pub commits: Option<i32>,
    pub documents: Vec<Value>,
    pub source: Source,
}

/// The body as it came.
pub(crate) struct Source {
    /// Header `X-Document-Name`.
    pub name: Option<String>,
    pub format: &'static str,
    pub text: String,
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

/// Runs a submission; the answer is the transaction's, with its status. It runs as a task of its
/// own, which comes to its end whatever happens to the request: given up half way, it would leave records in the
/// file index and a log that stays pending.
///
/// # Errors
/// Only when not even the log row can be made: everything later is part of the answer.
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, submission: Submission) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    let work = async move {
        let transaction_id = open_log(&sheepdog, &submission).await?;
        run_opened(&sheepdog, submission, transaction_id).await
    };
    tokio::spawn(work.in_current_span()).await.map_err(|error| Error::Corrupt(error.to_string()))?
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
) -> Result<(u16, Answer), Error> {
    let scope = Scope {
        project_id: submission.project.project_id(),
        code: submission.project.code.clone(),
        project_node_id: submission.project.node_id.clone(),
        creates_only: submission.role == Role::Create,
    };
    let documents = std::mem::take(&mut submission.documents);
    let (entities, unclassified, canonical) = prepare(sheepdog, documents, scope.clone()).await?;
    let mut outcome = Outcome {
        transaction_id,
        entities,
        transactional_errors: unclassified,
        is_dry_run: submission.is_dry_run,
        success_code: if submission.role == Role::Create { 201 } else { 200 },
    };
    if outcome.entities.is_empty() {
        outcome.transactional_errors.push(json!("Nothing to submit"));
    }
    let work = Work { sheepdog, submission: &submission, scope: &scope, canonical: &canonical };
    work.finish(outcome).await
}

/// Classifies and validates on a thread of its own: large submissions take a second or more.
pub(crate) async fn prepare(
    sheepdog: &Arc<Sheepdog>,
    documents: Vec<Value>,
    scope: Scope,
) -> Result<(Vec<Entity>, Vec<Value>, String), Error> {
    let sheepdog = sheepdog.clone();
    let work = move || {
        let objects: Vec<&Value> = documents.iter().filter(|document| document.is_object()).collect();
        let canonical = json_text(&objects)?;
        let (entities, errors) = classify(documents, &scope, &sheepdog.dictionary, &sheepdog.validators);
        Ok((entities, errors, canonical))
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Corrupt(error.to_string()))?
}

/// PostgreSQL holds 256 MB in one `jsonb`; documents beyond this many bytes are not kept a second time (the body
/// is, as text), so that such a dry run cannot be committed.
const MOST_JSON: usize = 200 << 20;
/// An answer about more entities than these is kept without them.
const MOST_LOGGED_ENTITIES: usize = 200_000;

/// A submission at work.
pub(crate) struct Work<'a> {
    pub sheepdog: &'a Sheepdog,
    pub submission: &'a Submission,
    pub scope: &'a Scope,
    pub canonical: &'a str,
}

/// What was written to the index and may have to be taken back.
#[derive(Default)]
pub(crate) struct Written {
    created: Vec<Revision>,
    patched: Vec<(Revision, indexclient::RecordPatch)>,
}

impl Work<'_> {
    async fn finish(&self, mut outcome: Outcome) -> Result<(u16, Answer), Error> {
        let _turn = self.sheepdog.turns.take(&self.scope.project_node_id).await;
        let mut connection = self.sheepdog.pool.acquire().await?;
        let mut written = Written::default();
        match self.attempt(&mut connection, &mut outcome, &mut written).await {
            Ok(answer) => Ok((outcome.code(), answer)),
            Err(failure) => {
                self.take_back(written).await;
                let state = explain(failure, &mut outcome);
                let answer = outcome.answer(&self.sheepdog.dictionary)?;
                let mut transaction = connection.begin().await?;
                self.write_log(&mut transaction, &outcome, state, &answer).await?;
                transaction.commit().await?;
                Ok((outcome.code(), answer))
            }
        }
    }

    /// Everything that happens in the submission's one transaction.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        written: &mut Written,
    ) -> Result<Answer, Failure> {
        let mut transaction = connection.begin().await?;
        lock_open_project(&mut transaction, self.scope, outcome).await?;
        let (index_writes, edges) = self.resolve(&mut transaction, outcome).await?;
        if !outcome.is_success() {
            return Err(Failure::Refused);
        }
        if self.submission.is_dry_run {
            let answer = outcome.answer(&self.sheepdog.dictionary)?;
            self.add_snapshots(&mut transaction, outcome).await?;
            self.write_log(&mut transaction, outcome, State::Succeeded, &answer).await?;
            transaction.commit().await?;
            return Ok(answer);
        }
        if let Some(dry_run) = self.submission.commits
            && !transactions::set_committed_by(&mut transaction, dry_run, outcome.transaction_id).await?
        {
            let message = format!("Transaction {dry_run} was committed by another request");
            outcome.transactional_errors.push(json!(message));
            return Err(Failure::Refused);
        }
        self.create_records(outcome, &index_writes, written).await?;
        let answer = outcome.answer(&self.sheepdog.dictionary)?;
        self.write(&mut transaction, outcome, edges).await?;
        self.add_snapshots(&mut transaction, outcome).await?;
        self.write_log(&mut transaction, outcome, State::Succeeded, &answer).await?;
        self.patch_records(&index_writes, written).await?;
        transaction.commit().await?;
        Ok(answer)
    }

    /// Writes nodes and edges.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        outcome: &Outcome,
        edges: links::EdgeWrites,
    ) -> Result<(), Failure> {
        self.write_nodes(connection, &outcome.entities).await?;
        for (table, sources) in &edges.clear {
            let end = psqlgraph::nodes::End::Source;
            psqlgraph::nodes::delete_edges(connection, table, end, sources).await?;
        }
        for (table, pairs) in edges.insert {
            psqlgraph::nodes::insert_edges(connection, &table, pairs).await?;
        }
        Ok(())
    }

    /// Lookups and decisions; errors go into the outcome.
    pub(crate) async fn resolve(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
    ) -> Result<(IndexWrites, links::EdgeWrites), Failure> {
        let dictionary = &*self.sheepdog.dictionary;
        let entities = &mut outcome.entities;
        let wanted = resolve::wanted(entities, self.scope, dictionary);
        let ids: Vec<String> =
            wanted.values().flat_map(|of_type| of_type.ids.iter()).map(|(_, id)| id.clone()).collect();
        let found = resolve::Found {
            hits: store::nodes::find(connection, wanted, Part::Whole).await?,
            labels_of_ids: store::nodes::labels_of_ids(connection, dictionary, &ids).await?,
        };
        // As Python's isoformat writes it.
        let stamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, false);
        let collisions = resolve::instantiate(entities, found, self.scope, dictionary, &stamp);
        outcome.transactional_errors.extend(collisions.transactional);
        if collisions.stored || !outcome.transactional_errors.is_empty() && outcome.entities.is_empty() {
            return Ok(Default::default());
        }
        let index_writes = self.decide_files(&mut outcome.entities).await?;
        let entities = &mut outcome.entities;
        self.refuse_taken_ids(connection, entities, &index_writes.adopted).await?;
        let mut links = links::collect(entities, self.scope, dictionary);
        // The documents have been read; large submissions need the memory for what comes next.
        entities.iter_mut().for_each(|entity| entity.document = Value::Null);
        let hits = store::nodes::find(connection, links.wanted(dictionary), Part::Project).await?;
        links.resolve(entities, &hits, self.scope, dictionary);
        let edges = store::nodes::edges(connection, links.wanted_edges(entities)).await?;
        let edge_writes = links.check(entities, &edges, dictionary);
        Ok((index_writes, edge_writes))
    }

    async fn refuse_taken_ids(
        &self,
        connection: &mut PgConnection,
        entities: &mut [Entity],
        adopted: &[usize],
    ) -> Result<(), Failure> {
        let nodes = adopted.iter().filter_map(|position| entities.get(*position)?.node.as_ref());
        let ids: Vec<String> = nodes.map(|node| node.id.clone()).collect();
        let labels = store::nodes::labels_of_ids(connection, &self.sheepdog.dictionary, &ids).await?;
        resolve::refuse_taken_ids(entities, adopted, &labels);
        Ok(())
    }

    async fn decide_files(&self, entities: &mut [Entity]) -> Result<IndexWrites, Failure> {
        let dictionary = &*self.sheepdog.dictionary;
        let wanted = files::wanted(entities, dictionary);
        let mut found = files::Found::default();
        if !wanted.dids.is_empty() {
            let dids: Vec<String> = wanted.dids.into_iter().collect();
            let records = self.sheepdog.index.get_many(&dids).await?;
            found.by_did = records.into_iter().map(|record| (record.did.clone(), record)).collect();
        }
        if !wanted.contents.is_empty() {
            let contents: Vec<(String, i64)> = wanted.contents.into_iter().collect();
            let records = self.sheepdog.index.find_by_md5_and_size(&contents).await?;
            let pairs = contents.into_iter().zip(records);
            found.by_content = pairs.filter_map(|(content, record)| Some((content, record?))).collect();
        }
        let context = files::Context {
            project: &self.submission.project,
            auth_namespace: &self.sheepdog.config.auth_namespace,
            require_existing: self.sheepdog.config.require_file_index_exists,
            username: self.submission.permitted.submitter.as_deref(),
        };
        Ok(files::decide(entities, &found, &context, dictionary))
    }

    pub(crate) async fn create_records(
        &self,
        outcome: &mut Outcome,
        writes: &IndexWrites,
        written: &mut Written,
    ) -> Result<(), Failure> {
        if writes.create.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = writes.create.iter().map(|file| file.record.clone()).collect();
        let created = self.sheepdog.index.create(&Caller::Service, &records).await?;
        written.created.extend(created.iter().cloned());
        let mut aliases = Vec::new();
        for (file, revision) in writes.create.iter().zip(&created) {
            aliases.extend(file.alias.clone().map(|alias| (revision.did.clone(), alias)));
            for position in &file.entities {
                let Some(entity) = outcome.entities.get_mut(*position) else { continue };
                if let Some(node_type) = entity.node_type(&self.sheepdog.dictionary) {
                    files::set_guid(entity, node_type, &revision.did);
                }
            }
        }
        Ok(self.sheepdog.index.add_aliases(&Caller::Service, &aliases).await?)
    }

    pub(crate) async fn patch_records(
        &self,
        writes: &IndexWrites,
        written: &mut Written,
    ) -> Result<(), Failure> {
        // Two files may mean one record, whose revision changes with the first write.
        let mut revisions: HashMap<String, Revision> = HashMap::new();
        for patch in &writes.patch {
            let did = &patch.revision.did;
            let revision = revisions.get(did).unwrap_or(&patch.revision).clone();
            let revision = self.sheepdog.index.update(&Caller::Service, &revision, &patch.patch).await?;
            revisions.insert(did.clone(), revision.clone());
            written.patched.push((revision, patch.undo.clone()));
        }
        Ok(())
    }

    /// The graph was not written: the index must not know of it either.
    pub(crate) async fn take_back(&self, written: Written) {
        let index = &self.sheepdog.index;
        for (revision, undo) in written.patched.into_iter().rev() {
            if let Err(error) = index.update(&Caller::Service, &revision, &undo).await {
                tracing::error!(index.did = revision.did, error = %error, "an index record could not be put back");
            }
        }
        for revision in written.created {
            if let Err(error) = index.delete(&Caller::Service, &revision).await {
                tracing::error!(index.did = revision.did, error = %error, "an orphan index record stays");
            }
        }
    }

    async fn write_nodes(&self, connection: &mut PgConnection, entities: &[Entity]) -> Result<(), Failure> {
        let mut by_label: BTreeMap<&str, (Vec<_>, Vec<_>)> = BTreeMap::new();
        for entity in entities {
            let (Some(label), Some(node)) = (entity.label.as_deref(), &entity.node) else { continue };
            if !node.is_changed() {
                continue;
            }
            let (new, changed) = by_label.entry(label).or_default();
            let props = json_text(&node.props)?;
            match node.action {
                Action::Create => {
                    let key = node.props.get("submitter_id").and_then(Value::as_str).unwrap_or_default();
                    let (node_id, key) = (node.id.clone(), key.to_lowercase());
                    new.push(psqlgraph::nodes::NewNode { node_id, key, props });
                }
                _ => changed.push(psqlgraph::nodes::ChangedNode { node_id: node.id.clone(), props }),
            }
        }
        let phsids = files::phsids(&self.submission.project);
        for (label, (new, changed)) in by_label {
            let is_file =
                self.sheepdog.dictionary.nodes.get(label).is_some_and(|node| node.category.is_file());
            let acl: &[String] = if is_file { &phsids } else { &[] };
            psqlgraph::nodes::insert_nodes(connection, label, acl, new).await?;
            psqlgraph::nodes::update_nodes(connection, label, changed).await?;
        }
        Ok(())
    }

    pub(crate) async fn add_snapshots(
        &self,
        connection: &mut PgConnection,
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        let mut snapshots = Vec::with_capacity(outcome.entities.len());
        for entity in &outcome.entities {
            let (Some(node_type), Some(node)) = (entity.node_type(&self.sheepdog.dictionary), &entity.node)
            else {
                continue;
            };
            let new_props = json_text(&all_props(node_type, &node.props))?;
            let old_props = match &node.old {
                None => "{}".to_owned(),
                Some(old) if *old == node.props => new_props.clone(),
                Some(old) => json_text(&all_props(node_type, old))?,
            };
            let action = node.action.as_str();
            snapshots.push(Snapshot { entity_id: node.id.clone(), action, old_props, new_props });
        }
        Ok(transactions::add_snapshots(connection, outcome.transaction_id, snapshots).await?)
    }

    async fn write_log(
        &self,
        connection: &mut PgConnection,
        outcome: &Outcome,
        state: State,
        answer: &RawValue,
    ) -> Result<(), Error> {
        self.add_document(connection, outcome, answer).await?;
        let canonical = (self.canonical.len() <= MOST_JSON).then_some(self.canonical);
        Ok(transactions::finish(connection, outcome.transaction_id, state, canonical).await?)
    }

    /// Keeps the body with the answer it got.
    pub(crate) async fn add_document(
        &self,
        connection: &mut PgConnection,
        outcome: &Outcome,
        answer: &RawValue,
    ) -> Result<(), Error> {
        let source = &self.submission.source;
        let summary =
            (outcome.entities.len() > MOST_LOGGED_ENTITIES).then(|| outcome.summary()).transpose()?;
        let document = Document {
            name: source.name.as_deref(),
            format: source.format,
            text: &source.text,
            response: summary.as_deref().unwrap_or(answer),
        };
        Ok(transactions::add_document(connection, outcome.transaction_id, &document).await?)
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
    outcome.transactional_errors.push(json!(message));
    Err(Failure::Refused)
}

/// What the log and the client are told about a failure.
pub(crate) fn explain(failure: Failure, outcome: &mut Outcome) -> State {
    let (state, message) = explanation(failure);
    outcome.transactional_errors.extend(message.map(|message| json!(message)));
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
    let of = |property: &'a Property| (property.name.as_str(), value(&property.name));
    let mut all: Vec<_> = node_type.stored_properties().map(of).collect();
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

fn json_text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}
