//! Deleting entities: looking up, deciding with [`crate::deletion`], writing, answering.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{SecondsFormat, Utc};
use indexmap::IndexSet;
use psqlgraph::{
    running,
    transactions::{self, Document, NewLog, Role, Snapshot, State},
};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    Error, Sheepdog,
    answer::{Answer, written},
    auth::Permitted,
    classify::Scope,
    deletion::{Doomed, Family, Relative},
    entity::{ErrorType, Problem},
    resolve::{Via, Wanted},
    store::{self, nodes::Part, projects::Project},
    submission::all_props,
    task::to_the_end,
};

/// A chain of dependents is followed this far at most; dictionaries are a few dozen types deep.
const MOST_LEVELS: usize = 100;

/// What is to be done with the entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removal {
    /// Delete them.
    Nodes,
    /// Set these properties to null.
    Fields(Vec<String>),
    /// Mark them (or not) as to be deleted.
    Mark(bool),
}

/// A deletion request.
pub(crate) struct Request {
    pub project: Project,
    pub permitted: Permitted,
    pub ids: Vec<String>,
    pub removal: Removal,
    pub is_dry_run: bool,
    /// The dry run that this commits.
    pub commits: Option<i32>,
}

struct Outcome {
    transaction_id: i32,
    doomed: Vec<Doomed>,
    dependents: Vec<String>,
    transactional_errors: Vec<Value>,
    is_dry_run: bool,
}

impl Outcome {
    fn is_success(&self) -> bool {
        self.transactional_errors.is_empty() && self.doomed.iter().all(|doomed| doomed.errors.is_empty())
    }

    fn code(&self) -> u16 {
        if self.is_success() { 200 } else { 400 }
    }

    fn answer(&self, sheepdog: &Sheepdog) -> Result<Answer, Error> {
        let count = if self.is_success() { self.doomed.len() } else { 0 };
        let message = match (self.is_success(), self.is_dry_run) {
            (false, _) => "Deletion transaction failed.".to_owned(),
            (true, true) => format!("Dry run successful. Would have deleted {count} entities"),
            (true, false) => format!("Successfully deleted {count} entities"),
        };
        let doomed = self.doomed.iter();
        written(&json!({
            "code": self.code(),
            "deleted_entity_count": count,
            "dependent_ids": self.dependents.join(","),
            "entities": doomed.clone().map(|doomed| doomed.json(&sheepdog.dictionary)).collect::<Vec<_>>(),
            "entity_error_count": doomed.filter(|doomed| !doomed.errors.is_empty()).count(),
            "message": message,
            "success": self.is_success(),
            "transaction_id": self.transaction_id,
            "transactional_error_count": self.transactional_errors.len(),
            "transactional_errors": self.transactional_errors,
        }))
    }
}

/// Runs a deletion; the answer is the transaction's, with its status. A client that goes away does not stop it.
///
/// # Errors
/// When the log row cannot be made.
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, request: Request) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, request).await }).await
}

async fn run_here(sheepdog: &Arc<Sheepdog>, request: Request) -> Result<(u16, Answer), Error> {
    let log = NewLog {
        submitter: request.permitted.submitter.as_deref(),
        role: Role::Delete,
        program: &request.project.program.name,
        project: &request.project.code,
        is_dry_run: request.is_dry_run,
    };
    let worker = sheepdog.life.number().await?;
    let _turn = sheepdog.turns.take(&request.project.node_id).await;
    let mut connection = sheepdog.pool.acquire().await?;
    let transaction_id = running::open(&mut connection, worker, &log).await?;
    let mut outcome = Outcome {
        transaction_id,
        doomed: Vec::new(),
        dependents: Vec::new(),
        transactional_errors: Vec::new(),
        is_dry_run: request.is_dry_run,
    };
    let state = match attempt(sheepdog, &mut connection, &request, &mut outcome).await {
        Ok(Some(answer)) => return Ok((outcome.code(), answer)),
        Ok(None) => State::Failed,
        Err(error) => {
            tracing::error!(error = ?error, "a deletion failed");
            let message = "Internal server error. Sorry, something unexpected went wrong!";
            outcome.transactional_errors.push(json!(message));
            State::Errored
        }
    };
    let answer = outcome.answer(sheepdog)?;
    let mut transaction = connection.begin().await?;
    finish_log(&mut transaction, transaction_id, &answer, state).await?;
    transaction.commit().await?;
    Ok((outcome.code(), answer))
}

/// The answer when it was done and logged; otherwise everything was rolled back.
async fn attempt(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &Request,
    outcome: &mut Outcome,
) -> Result<Option<Answer>, Error> {
    let scope = Scope {
        project_id: request.project.project_id(),
        code: request.project.code.clone(),
        project_node_id: request.project.node_id.clone(),
        creates_only: false,
    };
    let mut transaction = connection.begin().await?;
    let project = store::projects::lock(&mut transaction, &scope.project_node_id).await?;
    let state = project.get("state").and_then(Value::as_str).unwrap_or("None");
    if state != "open" {
        // It was when the request came.
        let message = format!("Project is in state '{state}'; it must be in state <open>.");
        outcome.transactional_errors.push(json!(message));
        return Ok(None);
    }
    outcome.doomed = find(sheepdog, &mut transaction, &request.ids).await?;
    for doomed in &mut outcome.doomed {
        doomed.require_project(&scope);
    }
    match &request.removal {
        Removal::Mark(_) => {}
        Removal::Fields(fields) => refuse_fields(sheepdog, &mut outcome.doomed, fields),
        Removal::Nodes => {
            outcome.doomed.iter_mut().for_each(|doomed| doomed.require_state(&sheepdog.dictionary));
            outcome.dependents = refuse_dependents(sheepdog, &mut transaction, &mut outcome.doomed).await?;
        }
    }
    if !outcome.is_success() {
        return Ok(None);
    }
    if let Some(dry_run) = request.commits
        && !transactions::set_committed_by(&mut transaction, dry_run, outcome.transaction_id).await?
    {
        let message = format!("Transaction {dry_run} was committed by another request");
        outcome.transactional_errors.push(json!(message));
        return Ok(None);
    }
    if !request.is_dry_run {
        write(sheepdog, &mut transaction, &outcome.doomed, &request.removal).await?;
    }
    add_snapshots(sheepdog, &mut transaction, outcome).await?;
    let answer = outcome.answer(sheepdog)?;
    finish_log(&mut transaction, outcome.transaction_id, &answer, State::Succeeded).await?;
    transaction.commit().await?;
    Ok(Some(answer))
}

/// The nodes with these ids, in the order asked, each once.
async fn find(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    ids: &[String],
) -> Result<Vec<Doomed>, Error> {
    let mut seen = BTreeSet::new();
    let ids: Vec<&String> = ids.iter().filter(|id| seen.insert(id.as_str())).collect();
    let mut doomed: Vec<Doomed> =
        ids.iter().map(|id| Doomed { id: (*id).clone(), node: None, errors: Vec::new() }).collect();
    let owned: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    let labels = store::nodes::labels_of_ids(connection, &sheepdog.dictionary, &owned).await?;
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    for (position, id) in ids.iter().enumerate() {
        for label in labels.get(id.as_str()).into_iter().flatten() {
            wanted.entry(label.clone()).or_default().ids.push((position, (*id).clone()));
        }
    }
    for (label, hits) in store::nodes::find(connection, wanted, Part::Whole).await? {
        for hit in hits.into_iter().filter(|hit| hit.via == Via::Id) {
            if let Some(doomed) = doomed.get_mut(hit.position) {
                doomed.node = Some((label.clone(), hit.props));
            }
        }
    }
    Ok(doomed)
}

/// Follows, for each entity that others depend on, the first branch of dependents. Each level is looked up at
/// once for all entities.
async fn refuse_dependents(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    doomed: &mut [Doomed],
) -> Result<Vec<String>, Error> {
    let dictionary = &*sheepdog.dictionary;
    let present = |doomed: &&Doomed| doomed.node.is_some();
    let deleted: BTreeSet<String> = doomed.iter().filter(present).map(|d| d.id.clone()).collect();
    let relative = |doomed: &Doomed| {
        let (label, _) = doomed.node.as_ref()?;
        Some(Relative { label: label.clone(), id: doomed.id.clone() })
    };
    let mut chains: Vec<(usize, Relative, Vec<Relative>)> = doomed
        .iter()
        .enumerate()
        .filter_map(|(position, doomed)| Some((position, relative(doomed)?, Vec::new())))
        .collect();
    let mut finished = Vec::new();
    let mut family = Family::default();
    for _ in 0..MOST_LEVELS {
        if chains.is_empty() {
            break;
        }
        let frontier: BTreeSet<Relative> = chains.iter().map(|(_, current, _)| current.clone()).collect();
        store::family::load(connection, dictionary, &frontier, &mut family).await?;
        let mut next = Vec::new();
        for (position, current, mut chain) in chains {
            let is_gone = |id: &str| deleted.contains(id) || chain.iter().any(|relative| relative.id == id);
            match family.first_dependent(&current.id, is_gone, dictionary) {
                Some(dependent) => {
                    chain.push(dependent.clone());
                    next.push((position, dependent, chain));
                }
                None => finished.push((position, chain)),
            }
        }
        chains = next;
    }
    finished.sort_by_key(|(position, _)| *position);
    let mut dependents = IndexSet::new();
    for (position, chain) in finished {
        doomed[position].refuse_dependents(&chain);
        dependents.extend(chain.into_iter().map(|relative| relative.id));
    }
    Ok(dependents.into_iter().collect())
}

/// Only properties that may be null can be set to null.
fn refuse_fields(sheepdog: &Sheepdog, doomed: &mut [Doomed], fields: &[String]) {
    for doomed in doomed {
        let Some((label, _)) = &doomed.node else { continue };
        let Some(node_type) = sheepdog.dictionary.nodes.get(label) else { continue };
        for field in fields {
            let known = node_type.stored_properties().any(|property| property.name == *field);
            let fixed = node_type.required.contains(field) || node_type.system_properties.contains(field);
            let message = match (known, fixed) {
                (false, _) => format!("Key '{field}' is not a valid property for type '{label}'."),
                (true, true) => format!("Property '{field}' of type '{label}' cannot be deleted."),
                (true, false) => continue,
            };
            doomed.errors.push(Problem::new(ErrorType::InvalidProperty, message, &[field]));
        }
    }
}

/// Ids and properties.
type Nodes<'a> = Vec<(&'a str, &'a Map<String, Value>)>;

async fn write(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    doomed: &[Doomed],
    removal: &Removal,
) -> Result<(), Error> {
    let mut by_label: BTreeMap<&str, Nodes<'_>> = BTreeMap::new();
    for doomed in doomed {
        if let Some((label, props)) = &doomed.node {
            by_label.entry(label).or_default().push((&doomed.id, props));
        }
    }
    let stamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, false);
    let ids = |nodes: &Nodes<'_>| -> Vec<String> { nodes.iter().map(|(id, _)| (*id).to_owned()).collect() };
    match removal {
        Removal::Nodes => {
            for (label, nodes) in &by_label {
                store::family::delete_edges(connection, &sheepdog.dictionary, label, &ids(nodes)).await?;
            }
            for (label, nodes) in &by_label {
                psqlgraph::nodes::delete_nodes(connection, label, &ids(nodes)).await?;
            }
        }
        Removal::Mark(mark) => {
            for (label, nodes) in &by_label {
                let annotations = json!({ "to_delete": mark });
                psqlgraph::nodes::annotate_nodes(connection, label, &ids(nodes), annotations, &stamp).await?;
            }
        }
        Removal::Fields(fields) => {
            for (label, nodes) in &by_label {
                let changed = nodes.iter().filter_map(|(id, props)| {
                    let props = without(props, fields, &stamp)?;
                    Some(psqlgraph::nodes::ChangedNode { node_id: (*id).to_owned(), props })
                });
                psqlgraph::nodes::update_nodes(connection, label, changed.collect()).await?;
            }
        }
    }
    Ok(())
}

/// The properties with `fields` set to null, as JSON text; `None` when they are so already.
fn without(props: &Map<String, Value>, fields: &[String], stamp: &str) -> Option<String> {
    let mut changed = props.clone();
    for field in fields.iter().filter(|field| props.get(field.as_str()).is_some_and(|value| !value.is_null()))
    {
        changed.insert(field.clone(), Value::Null);
    }
    if changed == *props {
        return None;
    }
    if changed.contains_key("updated_datetime") {
        changed.insert("updated_datetime".to_owned(), json!(stamp));
    }
    Some(Value::Object(changed).to_string())
}

async fn add_snapshots(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    outcome: &Outcome,
) -> Result<(), Error> {
    let mut snapshots = Vec::with_capacity(outcome.doomed.len());
    for doomed in &outcome.doomed {
        let Some((label, props)) = &doomed.node else { continue };
        let Some(node_type) = sheepdog.dictionary.nodes.get(label) else { continue };
        let old_props = serde_json::to_string(&all_props(node_type, props));
        snapshots.push(Snapshot {
            entity_id: doomed.id.clone(),
            action: "delete",
            old_props: old_props.map_err(|error| Error::Corrupt(error.to_string()))?,
            new_props: "{}".to_owned(),
        });
    }
    Ok(transactions::add_snapshots(connection, outcome.transaction_id, snapshots).await?)
}

async fn finish_log(
    connection: &mut PgConnection,
    transaction_id: i32,
    answer: &Answer,
    state: State,
) -> Result<(), Error> {
    let document = Document { name: None, format: "N/A", text: "", response: &**answer };
    transactions::add_document(connection, transaction_id, &document).await?;
    Ok(transactions::finish(connection, transaction_id, state, None).await?)
}
