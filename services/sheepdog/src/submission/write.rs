//! What a submission writes once everything is decided: index records, nodes, links, snapshots, and the
//! answer.

use std::collections::{BTreeMap, HashMap};

use indexclient::{Caller, NewRecord, Revision};
use psqlgraph::transactions::{self, Snapshot, TransactionId};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    progress::Phase,
    work::{Course, Work},
};
use crate::{
    Error, Sheepdog,
    answer::outcome::{Outcome, Reader},
    model::entity::{Action, Entity, NewFile},
    rules::{
        files::{self, IndexWrites, Patch},
        links::edges,
    },
    runtime::{batches::Purpose, spool::Spool},
    transaction::Abort,
};

/// How much of the entities is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GraphWrites {
    None,
    /// Nodes and links.
    Nodes,
    /// Records of the file index, nodes and links.
    NodesAndRecords,
}

/// Whether snapshots of the entities are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Snapshots {
    Keep,
    Skip,
}

impl Work<'_> {
    /// Writes everything except the log, and returns the answer.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
        index_writes: &mut IndexWrites,
        graph: GraphWrites,
        snapshots: Snapshots,
    ) -> Result<Spool, Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let mut answer = outcome.begin(&self.sheepdog.config.place(), Reader::Log);
        let mut pass = outcome.entities.pass(Purpose::Look);
        while let Some((first, entities)) = pass.next().await? {
            course.progress.note(self.sheepdog, &self.submission.body, Phase::Writing, first).await;
            if graph == GraphWrites::NodesAndRecords {
                let id = outcome.transaction_id;
                self.create_records(id, entities, index_writes, &mut course.noted).await?;
            }
            if graph != GraphWrites::None {
                self.write_nodes(connection, entities).await?;
                self.write_edges(connection, entities).await?;
            }
            if snapshots == Snapshots::Keep {
                self.add_snapshots(connection, outcome.transaction_id, entities).await?;
            }
            answer.add(entities, dictionary).await?;
        }
        Ok(outcome.end(answer).await?)
    }

    async fn create_records(
        &self,
        id: TransactionId,
        entities: &mut [Entity],
        writes: &mut IndexWrites,
        noted: &mut u64,
    ) -> Result<(), Abort> {
        let record = |entity: &Entity| match &entity.file {
            Some(NewFile::Record { record, .. }) => Some(record.clone()),
            _ => None,
        };
        let mut records: Vec<NewRecord> = entities.iter().filter_map(record).collect();
        let created = if records.is_empty() {
            Vec::new()
        } else {
            *noted += self.sheepdog.outbox.note_new(id, &mut records).await?;
            self.sheepdog.index.create(&Caller::Service, &records).await?
        };
        let (mut created, mut aliases) = (created.into_iter(), Vec::new());
        for entity in entities {
            let did = match &entity.file {
                None => continue,
                Some(NewFile::Shared(number)) => writes.shared.get(number).cloned().flatten(),
                Some(NewFile::Record { number, alias, .. }) => {
                    let did = created.next().map(|revision| revision.did);
                    aliases.extend(did.clone().zip(alias.clone()));
                    if let Some(shared) = writes.shared.get_mut(number) {
                        shared.clone_from(&did);
                    }
                    did
                }
            };
            if let (Some(did), Some(node_type)) = (did, entity.node_type(&self.sheepdog.dictionary)) {
                files::set_guid(entity, node_type, &did);
            }
        }
        if aliases.is_empty() && records.is_empty() {
            return Ok(());
        }
        Ok(self.sheepdog.index.add_aliases(&Caller::Service, &aliases).await?)
    }

    pub(super) async fn patch_records(
        &self,
        id: TransactionId,
        writes: &IndexWrites,
        noted: &mut u64,
    ) -> Result<(), Abort> {
        let Sheepdog { index, outbox, .. } = &**self.sheepdog;
        // Two files may mean one record, whose revision changes with the first write.
        let mut revisions: HashMap<String, Revision> = HashMap::new();
        for Patch { revision, patch, undo } in &writes.patch {
            let did = &revision.did;
            *noted += outbox.note_patch(id, did, patch, undo).await?;
            let revision = revisions.get(did).unwrap_or(revision);
            let revision = index.update(&Caller::Service, revision, patch).await?;
            revisions.insert(did.clone(), revision);
        }
        Ok(())
    }

    async fn write_edges(&self, connection: &mut PgConnection, entities: &[Entity]) -> Result<(), Abort> {
        let changes = edges::writes(entities, &self.sheepdog.dictionary);
        for (table, sources) in &changes.clear {
            let end = psqlgraph::nodes::End::Source;
            psqlgraph::nodes::delete_edges(connection, table, end, sources).await?;
        }
        for (table, edges) in changes.insert {
            psqlgraph::nodes::insert_edges(connection, &table, edges).await?;
        }
        Ok(())
    }

    async fn write_nodes(&self, connection: &mut PgConnection, entities: &[Entity]) -> Result<(), Abort> {
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
        let phsids = files::phsids(self.submission.permit.project());
        for (label, (new, changed)) in by_label {
            let is_file =
                self.sheepdog.dictionary.nodes.get(label).is_some_and(|node| node.category.is_file());
            let acl: &[String] = if is_file { &phsids } else { &[] };
            psqlgraph::nodes::insert_nodes(connection, label, acl, new).await?;
            psqlgraph::nodes::update_nodes(connection, label, changed).await?;
        }
        Ok(())
    }

    async fn add_snapshots(
        &self,
        connection: &mut PgConnection,
        transaction_id: TransactionId,
        entities: &[Entity],
    ) -> Result<(), Abort> {
        let mut snapshots = Vec::with_capacity(entities.len());
        for entity in entities {
            let (Some(node_type), Some(node)) = (entity.node_type(&self.sheepdog.dictionary), &entity.node)
            else {
                continue;
            };
            let new_props = json_text(&node_type.all_properties(&node.props))?;
            let old_props = match &node.old {
                None => "{}".to_owned(),
                Some(old) if *old == node.props => new_props.clone(),
                Some(old) => json_text(&node_type.all_properties(old))?,
            };
            let action = node.action.as_str();
            snapshots.push(Snapshot { entity_id: node.id.clone(), action, old_props, new_props });
        }
        Ok(transactions::add_snapshots(connection, transaction_id, snapshots).await?)
    }
}

fn json_text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::internal("writing properties", error))
}
