//! Looks for what does not agree in the graph and the file index of a commons, and puts it right.
//!
//! Nothing of it is needed while everything goes as it should: see [`psqlgraph::outbox`]. Older versions, the
//! original services and restored backups leave such things behind.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use dictionary::{Dictionary, NodeType};
use indexclient::{Caller, IndexClient, Record};
use psqlgraph::transactions::TransactionId;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool};

use crate::{
    Error,
    model::project::Project,
    outbox::{self, TakenBack},
    rules::{
        files::FileContext,
        lost::{guid, restored},
        names,
    },
    store,
};

/// Nodes that are looked at together.
const PAGE: i64 = 2_000;

/// Whether what is found is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Nothing is changed.
    No,
    /// It is, as far as that can be done.
    Yes,
}

/// A file node whose record is not in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostRecord {
    /// The node type.
    pub node_type: String,
    /// The node.
    pub node_id: String,
    /// The GUID that it names.
    pub did: String,
    /// Its project.
    pub project_id: String,
    /// Whether the record was made again: without locations, which only the lost one knew.
    pub repaired: bool,
}

/// A record of the index that belongs to a project, that no node names, and that has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrphanRecord {
    /// Its GUID.
    pub did: String,
    /// `<project_id>/<submitter_id>`: a submission has made it.
    pub alias: String,
    /// Whether it was deleted.
    pub repaired: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Transactions that are PENDING although nobody works on them any more.
    pub pending: Vec<TransactionId>,
    /// Failed transactions whose changes of the index are still to be taken back.
    pub unsettled: Vec<TransactionId>,
    /// File nodes without a record.
    pub lost: Vec<LostRecord>,
    /// Records without a node.
    pub orphans: Vec<OrphanRecord>,
    /// Names of programs and projects that cannot be used, or are taken for one another, as sentences.
    /// Nothing puts these right: somebody has to decide which name goes.
    pub names: Vec<String>,
    /// The number of file nodes that were looked at.
    pub files: usize,
}

impl Report {
    /// Whether something was found that is still there.
    pub fn is_in_order(&self, repair: Repair) -> bool {
        let is_open = |found: usize| found > 0 && repair == Repair::No;
        !is_open(self.pending.len())
            && !is_open(self.unsettled.len())
            && self.names.is_empty()
            && self.lost.iter().all(|lost| lost.repaired)
            && self.orphans.iter().all(|orphan| orphan.repaired)
    }
}

/// What is looked at.
pub struct Check<'a> {
    /// The graph.
    pub pool: &'a PgPool,
    /// Its dictionary.
    pub dictionary: &'a Dictionary,
    /// The file index.
    pub index: &'a dyn IndexClient,
    /// See [`crate::Config::auth_namespace`].
    pub auth_namespace: &'a str,
}

/// A check on its way.
struct Walk<'a> {
    check: &'a Check<'a>,
    repair: Repair,
    report: Report,
    /// Hashes of the GUIDs that nodes name: the names themselves may be too many for memory.
    named: HashSet<u64>,
    hashes: RandomState,
}

impl Check<'_> {
    /// Looks at everything; `progress` hears of each node type that is done. `aliased` are records with the
    /// alias that submissions give them, those that may be orphans.
    ///
    /// # Errors
    /// When a database or the index fails.
    pub async fn run(
        &self,
        repair: Repair,
        aliased: Vec<(String, String)>,
        mut progress: impl FnMut(&str, usize),
    ) -> Result<Report, Error> {
        let mut connection = self.pool.acquire().await?;
        let mut walk = Walk {
            check: self,
            repair,
            report: Report::default(),
            named: HashSet::new(),
            hashes: RandomState::new(),
        };
        walk.transactions(&mut connection).await?;
        let (programs, paths) = store::check::names(&mut connection, self.dictionary).await?;
        walk.report.names = names::problems(&programs, &paths);
        let projects = store::check::projects(&mut connection, self.dictionary).await?;
        for node_type in self.dictionary.nodes.values().filter(|node_type| node_type.category.is_file()) {
            walk.files(&mut connection, node_type, &projects).await?;
            progress(&node_type.id, walk.report.files);
        }
        walk.orphans(aliased, &projects).await?;
        Ok(walk.report)
    }
}

impl Walk<'_> {
    async fn transactions(&mut self, connection: &mut PgConnection) -> Result<(), Error> {
        self.report.pending = store::check::given_up(connection).await?;
        if self.repair == Repair::Yes {
            psqlgraph::running::sweep(connection).await?;
        }
        let (_, unsettled) = psqlgraph::outbox::unfinished(connection, None).await?;
        for id in unsettled {
            if self.repair == Repair::Yes
                && outbox::settle(connection, self.check.index, id).await? == TakenBack::NotNow
            {
                tracing::warn!(transaction.id = id.0, "its records cannot be taken back just now");
            }
            self.report.unsettled.push(id);
        }
        Ok(())
    }

    async fn files(
        &mut self,
        connection: &mut PgConnection,
        node_type: &NodeType,
        projects: &HashMap<String, Project>,
    ) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let nodes = store::check::nodes(connection, &node_type.id, &after, PAGE).await?;
            let Some((last, _)) = nodes.last() else { return Ok(()) };
            after.clone_from(last);
            self.page(node_type, &nodes, projects).await?;
        }
    }

    async fn page(
        &mut self,
        node_type: &NodeType,
        nodes: &[(String, Map<String, Value>)],
        projects: &HashMap<String, Project>,
    ) -> Result<(), Error> {
        self.report.files += nodes.len();
        let named = nodes.iter().filter_map(|(id, props)| guid(node_type, id, props));
        let dids: Vec<String> = named.map(str::to_owned).collect();
        self.named.extend(dids.iter().map(|did| self.hashes.hash_one(did)));
        let index = self.check.index;
        let found = index.get_many(&dids).await.map_err(unusable)?;
        let found: HashSet<&str> = found.iter().map(|record| record.did.as_str()).collect();
        for (node_id, props) in nodes {
            let Some(did) = guid(node_type, node_id, props).filter(|did| !found.contains(did)) else {
                continue;
            };
            // It may be at another index, which this one asks.
            if index.get(did).await.map_err(unusable)?.is_some() {
                continue;
            }
            let project_id = props.get("project_id").and_then(Value::as_str).unwrap_or_default();
            let project = projects.get(project_id).filter(|_| self.repair == Repair::Yes);
            let repaired = match project {
                Some(project) => self.restore(node_type, did, props, project).await?,
                None => false,
            };
            self.report.lost.push(LostRecord {
                node_type: node_type.id.clone(),
                node_id: node_id.clone(),
                did: did.to_owned(),
                project_id: project_id.to_owned(),
                repaired,
            });
        }
        Ok(())
    }

    async fn restore(
        &self,
        node_type: &NodeType,
        did: &str,
        props: &Map<String, Value>,
        project: &Project,
    ) -> Result<bool, Error> {
        let context = FileContext {
            project,
            auth_namespace: self.check.auth_namespace,
            require_existing: false,
            username: None,
        };
        let Some(record) = restored(&context, node_type, did, props) else { return Ok(false) };
        let made = self.check.index.create(&Caller::Service, &[record]).await;
        if let Err(error) = &made {
            let error = error as &dyn std::error::Error;
            tracing::warn!(index.did = did, error, "a record cannot be made again");
        }
        Ok(made.is_ok())
    }

    async fn orphans(
        &mut self,
        aliased: Vec<(String, String)>,
        projects: &HashMap<String, Project>,
    ) -> Result<(), Error> {
        let candidates = aliased.into_iter().filter(|(did, alias)| {
            let of_project = alias.split_once('/').is_some_and(|(project, _)| projects.contains_key(project));
            of_project && !self.named.contains(&self.hashes.hash_one(did))
        });
        for (did, alias) in candidates.collect::<Vec<_>>() {
            let records = self.check.index.get_many(std::slice::from_ref(&did)).await.map_err(unusable)?;
            let Some(record) = records.into_iter().next().filter(has_no_bytes) else { continue };
            let repaired = self.repair == Repair::Yes && {
                let deleted = self.check.index.delete(&Caller::Service, &record.revision()).await;
                deleted.is_ok()
            };
            self.report.orphans.push(OrphanRecord { did, alias, repaired });
        }
        Ok(())
    }
}

/// Whether nothing is lost with the record.
fn has_no_bytes(record: &Record) -> bool {
    record.urls.is_empty() && record.uploader.is_none()
}

fn unusable(error: indexclient::IndexError) -> Error {
    Error::internal("asking the file index", error)
}
