//! Deletes entities: looks them up, decides with `rules::deletion`, writes and answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dictionary::Dictionary;
use indexmap::IndexSet;
use psqlgraph::transactions::{self, Role, Snapshot, State, TransactionId};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    Error, Sheepdog,
    answer::json::{Answer, written},
    auth::{Delete, ProjectPermit},
    model::lookup::{Family, NodeColumns, NodeLookup, Relative, Via},
    rules::deletion::{Doomed, without},
    runtime::task::to_the_end,
    store,
    transaction::{Abort, Mode, Opened, UNEXPECTED, lock_open, stamp, without_document},
};

/// A chain of dependents is followed this far at most; dictionaries are a few dozen types deep.
const MOST_LEVELS: usize = 100;

/// What is to be done with the entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// Delete them.
    Nodes,
    /// Set these properties to null.
    Fields(Vec<String>),
    /// Mark them as to be deleted.
    Mark,
    /// Take the mark away.
    Unmark,
}

/// A request to delete entities of a project.
#[derive(Debug)]
pub struct DeletionRequest {
    permit: ProjectPermit<Delete>,
    ids: Vec<String>,
    removal: Removal,
    mode: Mode,
}

impl DeletionRequest {
    /// What becomes of the nodes with these ids, as far as they are in the project of `permit`.
    pub fn new(permit: ProjectPermit<Delete>, ids: Vec<String>, removal: Removal) -> Self {
        Self { permit, ids, removal, mode: Mode::Real }
    }

    /// The same, as a dry run or as the commit of one.
    #[must_use]
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }
}

struct DeletionOutcome {
    transaction_id: TransactionId,
    doomed: Vec<Doomed>,
    dependents: Vec<String>,
    transactional_errors: Vec<Value>,
    is_dry_run: bool,
}

impl DeletionOutcome {
    fn is_success(&self) -> bool {
        self.transactional_errors.is_empty() && self.doomed.iter().all(|doomed| doomed.errors.is_empty())
    }

    fn code(&self) -> u16 {
        if self.is_success() { 200 } else { 400 }
    }

    fn answer(&self, sheepdog: &Sheepdog) -> Result<Answer, Error> {
        let count = if self.is_success() { self.doomed.len() } else { 0 };
        let message = if !self.is_success() {
            "Deletion transaction failed.".to_owned()
        } else if self.is_dry_run {
            format!("Dry run successful. Would have deleted {count} entities")
        } else {
            format!("Successfully deleted {count} entities")
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

/// Runs a deletion; the answer is the transaction's, with its status. A client that goes away does not stop
/// it.
///
/// # Errors
/// When the log row cannot be made.
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, request: DeletionRequest) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, request).await }).await
}

async fn run_here(sheepdog: &Sheepdog, request: DeletionRequest) -> Result<(u16, Answer), Error> {
    let DeletionRequest { permit, mode, .. } = &request;
    let _turn = sheepdog.turns.take(&permit.project().node_id).await;
    let mut connection = sheepdog.pool.acquire().await?;
    let opened = Opened::announce(sheepdog, &mut connection, permit, Role::Delete, *mode).await?;
    let mut outcome = DeletionOutcome {
        transaction_id: opened.id,
        doomed: Vec::new(),
        dependents: Vec::new(),
        transactional_errors: Vec::new(),
        is_dry_run: mode.is_dry_run(),
    };
    // What makes no sense, or may be tried again, is logged, but has no answer of the transaction.
    let mut refusal = None;
    let (state, message) = match attempt(sheepdog, &mut connection, &request, &opened, &mut outcome).await {
        Ok(answer) => return Ok((outcome.code(), answer)),
        Err(Abort::Refused) => (State::Failed, None),
        Err(Abort::Because(reason)) => (State::Failed, Some(reason)),
        Err(Abort::Other(error @ Error::BadRequest(_))) => {
            let message = error.to_string();
            refusal = Some(error);
            (State::Failed, Some(message))
        }
        Err(Abort::Other(error)) if error.is_busy() => {
            refusal = Some(error);
            (State::Errored, Some(UNEXPECTED.to_owned()))
        }
        Err(abort) => {
            tracing::error!(error = &abort as &dyn std::error::Error, "a deletion failed");
            (State::Errored, Some(UNEXPECTED.to_owned()))
        }
    };
    outcome.transactional_errors.extend(message.map(Value::from));
    let answer = outcome.answer(sheepdog)?;
    // What failed may have broken the connection.
    drop(connection);
    let mut transaction = sheepdog.pool.begin().await?;
    opened.finish(&mut transaction, state, &without_document(&*answer)).await?;
    transaction.commit().await?;
    match refusal {
        Some(error) => Err(error),
        None => Ok((outcome.code(), answer)),
    }
}

/// The answer when it was done and logged; otherwise everything was rolled back.
async fn attempt(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &DeletionRequest,
    opened: &Opened,
    outcome: &mut DeletionOutcome,
) -> Result<Answer, Abort> {
    let mut transaction = connection.begin().await?;
    lock_open(&mut transaction, &request.permit).await?;
    outcome.doomed = find(sheepdog, &mut transaction, request).await?;
    let project_id = request.permit.project().project_id();
    for doomed in &mut outcome.doomed {
        doomed.require_project(&project_id);
    }
    match &request.removal {
        Removal::Mark | Removal::Unmark => {}
        Removal::Fields(fields) => {
            refuse_unknown_fields(fields, &outcome.doomed, &sheepdog.dictionary)?;
            outcome.doomed.iter_mut().for_each(|doomed| doomed.refuse_fields(fields, &sheepdog.dictionary));
        }
        Removal::Nodes => {
            outcome.doomed.iter_mut().for_each(|doomed| doomed.require_state(&sheepdog.dictionary));
            outcome.dependents = refuse_dependents(sheepdog, &mut transaction, &mut outcome.doomed).await?;
        }
    }
    if !outcome.is_success() {
        return Err(Abort::Refused);
    }
    opened.commit_dry_run(&mut transaction).await?;
    if !opened.mode.is_dry_run() {
        write(sheepdog, &mut transaction, request, &outcome.doomed).await?;
    }
    add_snapshots(sheepdog, &mut transaction, outcome).await?;
    let answer = outcome.answer(sheepdog)?;
    opened.finish(&mut transaction, State::Succeeded, &without_document(&*answer)).await?;
    opened.commit(sheepdog, transaction).await?;
    Ok(answer)
}

/// Fields that a node does not have are an error of the request, if all nodes are there.
fn refuse_unknown_fields(fields: &[String], doomed: &[Doomed], dictionary: &Dictionary) -> Result<(), Error> {
    if doomed.iter().any(|doomed| !doomed.errors.is_empty()) {
        return Ok(());
    }
    let unknown =
        |doomed: &Doomed| Some((doomed.unknown_field(fields, dictionary)?.to_owned(), doomed.id.clone()));
    match doomed.iter().find_map(unknown) {
        Some((field, id)) => Err(Error::BadRequest(format!(
            "Attempted to delete non-existing field \"{field}\" in a node {id}"
        ))),
        None => Ok(()),
    }
}

/// The nodes with these ids, in the order asked, each once.
async fn find(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &DeletionRequest,
) -> Result<Vec<Doomed>, Error> {
    let mut seen = BTreeSet::new();
    let ids: Vec<&String> = request.ids.iter().filter(|id| seen.insert(id.as_str())).collect();
    let mut doomed: Vec<Doomed> =
        ids.iter().map(|id| Doomed { id: (*id).clone(), node: None, errors: Vec::new() }).collect();
    let owned: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    let labels = store::nodes::labels_of_ids(connection, &sheepdog.dictionary, &owned).await?;
    let mut wanted: BTreeMap<String, NodeLookup> = BTreeMap::new();
    for (position, id) in ids.iter().enumerate() {
        for label in labels.get(id.as_str()).into_iter().flatten() {
            wanted.entry(label.clone()).or_default().ids.push((position, (*id).clone()));
        }
    }
    for (label, hits) in store::nodes::find(connection, &request.permit, wanted, NodeColumns::All).await? {
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

/// Ids and properties.
type Nodes<'a> = Vec<(&'a str, &'a Map<String, Value>)>;

async fn write(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &DeletionRequest,
    doomed: &[Doomed],
) -> Result<(), Error> {
    let dictionary = &sheepdog.dictionary;
    let mut by_label: BTreeMap<&str, Nodes<'_>> = BTreeMap::new();
    for doomed in doomed {
        if let Some((label, props)) = &doomed.node {
            by_label.entry(label).or_default().push((&doomed.id, props));
        }
    }
    let stamp = stamp();
    let ids = |nodes: &Nodes<'_>| -> Vec<String> { nodes.iter().map(|(id, _)| (*id).to_owned()).collect() };
    match &request.removal {
        Removal::Nodes => {
            for (label, nodes) in &by_label {
                let ids = ids(nodes);
                store::family::delete_edges(connection, &request.permit, dictionary, label, &ids).await?;
            }
            for (label, nodes) in &by_label {
                psqlgraph::nodes::delete_nodes(connection, label, &ids(nodes)).await?;
            }
        }
        Removal::Mark | Removal::Unmark => {
            let annotations = json!({ "to_delete": request.removal == Removal::Mark });
            for (label, nodes) in &by_label {
                let (ids, annotations) = (ids(nodes), annotations.clone());
                psqlgraph::nodes::annotate_nodes(connection, label, &ids, annotations, &stamp).await?;
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

async fn add_snapshots(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    outcome: &DeletionOutcome,
) -> Result<(), Error> {
    let mut snapshots = Vec::with_capacity(outcome.doomed.len());
    for doomed in &outcome.doomed {
        let Some((label, props)) = &doomed.node else { continue };
        let Some(node_type) = sheepdog.dictionary.nodes.get(label) else { continue };
        let props = serde_json::to_string(&node_type.all_properties(props));
        // The original keeps what was deleted as the new properties, which whoever reads the log knows.
        snapshots.push(Snapshot {
            entity_id: doomed.id.clone(),
            action: "delete",
            old_props: "{}".to_owned(),
            new_props: props.map_err(|error| Error::internal("writing properties", error))?,
        });
    }
    Ok(transactions::add_snapshots(connection, outcome.transaction_id, snapshots).await?)
}
