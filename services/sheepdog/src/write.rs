//! What a submission writes once everything is decided: index records, nodes, links, snapshots, and the answer.

use std::collections::{BTreeMap, HashMap};

use indexclient::{Caller, NewRecord, Revision};
use psqlgraph::transactions::{self, Snapshot};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    Error,
    answer::Outcome,
    entity::{Action, Entity, NewFile},
    files::{self, IndexWrites},
    links,
    progress::Phase,
    spool::Spool,
    submission::{Course, Failure, Work, all_props},
};

/// What was written to the index and may have to be taken back.
#[derive(Default)]
pub(crate) struct Written {
    created: Vec<Revision>,
    patched: Vec<(Revision, indexclient::RecordPatch)>,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    /// Index records.
    pub records: bool,
    /// Nodes and links.
    pub graph: bool,
    pub snapshots: bool,
}

impl Work<'_> {
    /// Writes everything but the log, and returns the answer.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
        index_writes: &mut IndexWrites,
        parts: Parts,
    ) -> Result<Spool, Failure> {
        let dictionary = &*self.sheepdog.dictionary;
        let mut answer = outcome.begin(&self.sheepdog.place());
        outcome.entities.begin(false);
        while let Some((first, entities)) = outcome.entities.next().await? {
            course.progress.note(self.sheepdog, &self.submission.source, Phase::Writing, first).await;
            if parts.records {
                self.create_records(entities, index_writes, &mut course.written).await?;
            }
            if parts.graph {
                self.write_nodes(connection, entities).await?;
                self.write_edges(connection, entities).await?;
            }
            if parts.snapshots {
                self.add_snapshots(connection, outcome.transaction_id, entities).await?;
            }
            answer.add(entities, dictionary).await?;
        }
        Ok(outcome.end(answer).await?)
    }

    async fn create_records(
        &self,
        entities: &mut [Entity],
        writes: &mut IndexWrites,
        written: &mut Written,
    ) -> Result<(), Failure> {
        let record = |entity: &Entity| match &entity.file {
            Some(NewFile::Record { record, .. }) => Some(record.clone()),
            _ => None,
        };
        let records: Vec<NewRecord> = entities.iter().filter_map(record).collect();
        let created = match records.is_empty() {
            true => Vec::new(),
            false => self.sheepdog.index.create(&Caller::Service, &records).await?,
        };
        written.created.extend(created.iter().cloned());
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
        match aliases.is_empty() && records.is_empty() {
            true => Ok(()),
            false => Ok(self.sheepdog.index.add_aliases(&Caller::Service, &aliases).await?),
        }
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

    async fn write_edges(&self, connection: &mut PgConnection, entities: &[Entity]) -> Result<(), Failure> {
        let edges = links::writes(entities, &self.sheepdog.dictionary);
        for (table, sources) in &edges.clear {
            let end = psqlgraph::nodes::End::Source;
            psqlgraph::nodes::delete_edges(connection, table, end, sources).await?;
        }
        for (table, pairs) in edges.insert {
            psqlgraph::nodes::insert_edges(connection, &table, pairs).await?;
        }
        Ok(())
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

    async fn add_snapshots(
        &self,
        connection: &mut PgConnection,
        transaction_id: i32,
        entities: &[Entity],
    ) -> Result<(), Failure> {
        let mut snapshots = Vec::with_capacity(entities.len());
        for entity in entities {
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
        Ok(transactions::add_snapshots(connection, transaction_id, snapshots).await?)
    }
}

fn json_text(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}
