//! Decides what becomes of the entities of a submission, step by step, and writes nothing. Errors go into the
//! entities, or into the outcome if they concern the whole transaction.

use std::collections::BTreeSet;

use psqlgraph::outbox;
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    progress::Phase,
    work::{Course, Work},
};
use crate::{
    answer::outcome::Outcome,
    model::{entity::Entity, lookup::NodeColumns},
    rules::{
        files::{self, FileContext, FoundRecords, IndexWrites},
        links::{edges, targets},
        members::{Claims, Members},
        places::{self, Places},
        properties, repeats, resolve,
    },
    runtime::batches::Purpose,
    store,
    transaction::{Abort, stamp},
};

/// The nodes of a submission, when all of them have come.
#[derive(Default)]
struct Known {
    members: Members,
    /// The types of the nodes.
    labels: BTreeSet<String>,
    /// Whether an entity has an id or key that exists already.
    collides: bool,
}

impl Work<'_> {
    /// Looks up and decides.
    pub(super) async fn decide(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
    ) -> Result<IndexWrites, Abort> {
        let mut known = self.instantiate_all(connection, outcome, course).await?;
        self.refuse_repeats(outcome, &mut known).await?;
        if known.collides || outcome.entities.tally().entities == 0 {
            return Ok(IndexWrites::default());
        }
        let mut writes = IndexWrites::default();
        let node_types = || known.labels.iter().filter_map(|label| self.sheepdog.dictionary.nodes.get(label));
        if node_types().any(|node_type| node_type.category.is_file()) {
            self.decide_files(connection, outcome, course, &mut known, &mut writes).await?;
        }
        self.link(connection, outcome, course, &known).await?;
        Ok(writes)
    }

    /// Gives every valid entity its node.
    async fn instantiate_all(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
    ) -> Result<Known, Abort> {
        let stamp = stamp();
        let count =
            course.incoming.as_ref().map_or(outcome.entities.tally().entities, |incoming| incoming.rows);
        let mut known = Known { members: Members::with_capacity(count), ..Known::default() };
        if course.incoming.is_none() {
            let mut pass = outcome.entities.pass(Purpose::Change);
            while let Some((_, entities)) = pass.next().await? {
                self.instantiate(connection, entities, &mut known, &stamp).await?;
            }
        }
        while let Some(incoming) = &mut course.incoming {
            course.progress.note(self.sheepdog, &self.submission.body, Phase::Reading, incoming.taken).await;
            let Some(mut entities) = incoming.next(&mut outcome.errors).await? else { break };
            let done = self.instantiate(connection, &mut entities, &mut known, &stamp).await;
            for entity in &mut entities {
                if let Some(node_type) = entity.node_type(&self.sheepdog.dictionary) {
                    properties::shrink(entity, node_type);
                }
            }
            incoming.keep(entities).await?;
            done?;
        }
        self.receive_rest(outcome, course).await?;
        Ok(known)
    }

    async fn instantiate(
        &self,
        connection: &mut PgConnection,
        entities: &mut [Entity],
        known: &mut Known,
        stamp: &str,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let wanted = resolve::wanted(entities, self.scope, dictionary);
        let ids: Vec<String> =
            wanted.values().flat_map(|of_type| of_type.ids.iter()).map(|(_, id)| id.clone()).collect();
        let found = resolve::StoredNodes {
            hits: self.find_nodes(connection, wanted, NodeColumns::All).await?,
            labels_of_ids: store::nodes::labels_of_ids(connection, dictionary, &ids).await?,
        };
        known.collides |= resolve::instantiate(entities, found, self.scope, dictionary, stamp);
        for entity in entities.iter() {
            let node_type = entity.node_type(dictionary).filter(|_| entity.node.is_some());
            known.members.add(entity, node_type, self.scope);
            if let Some(node_type) = node_type.filter(|node_type| !known.labels.contains(&node_type.id)) {
                known.labels.insert(node_type.id.clone());
            }
        }
        Ok(())
    }

    /// Refuses ids and keys that occur twice in the request.
    async fn refuse_repeats(&self, outcome: &mut Outcome, known: &mut Known) -> Result<(), Abort> {
        let mut repeats = known.members.settle();
        if repeats.is_empty() {
            return Ok(());
        }
        let dictionary = &*self.sheepdog.dictionary;
        let mut pass = outcome.entities.pass(Purpose::Change);
        while let Some((_, entities)) = pass.next().await? {
            let (errors, collides) =
                repeats::refuse_repeats(entities, &known.members, &mut repeats, self.scope, dictionary);
            errors.iter().for_each(|error| outcome.errors.push(error));
            outcome.errors.relieve().await?;
            known.collides |= collides;
        }
        Ok(())
    }

    async fn decide_files(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
        known: &mut Known,
        writes: &mut IndexWrites,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let labels: Vec<&str> = known.labels.iter().map(String::as_str).collect();
        let context = FileContext {
            project: self.submission.permit.project(),
            auth_namespace: &self.sheepdog.config.auth_namespace,
            require_existing: self.sheepdog.config.require_file_index_exists,
            username: self.submission.permit.submitter(),
        };
        outbox::lock_shared(connection).await?;
        let mut pass = outcome.entities.pass(Purpose::Change);
        while let Some((first, entities)) = pass.next().await? {
            course.progress.note(self.sheepdog, &self.submission.body, Phase::Files, first).await;
            let mut found = self.find_files(entities).await?;
            let ids = found.content_dids();
            found.taken =
                store::nodes::labels_of_ids(connection, dictionary, &ids).await?.into_keys().collect();
            let dids: Vec<String> = found.dids().cloned().collect();
            outbox::rely(connection, outcome.transaction_id, &dids).await?;
            self.refuse_places_of_others(entities, &found, &context).await?;
            let adopted = files::decide(entities, &found, &context, dictionary, writes);
            let nodes = adopted.iter().filter_map(|position| entities.get(*position)?.node.as_ref());
            let ids: Vec<String> = nodes.map(|node| node.id.clone()).collect();
            let stored = store::nodes::labels_of_ids(connection, dictionary, &ids).await?;
            let members = &mut known.members;
            repeats::refuse_taken_ids(entities, first, &adopted, &stored, members, &labels);
            known.members.refuse(first, entities);
        }
        Ok(())
    }

    /// Refuses locations of which the submitter does not dispose.
    async fn refuse_places_of_others(
        &self,
        entities: &mut [Entity],
        found: &FoundRecords,
        context: &FileContext<'_>,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let urls = places::named(entities, dictionary);
        if urls.is_empty() {
            return Ok(());
        }
        let holders = self.sheepdog.index.holders(&urls).await?;
        let places = Places::new(urls, holders);
        let foreign = places::of_others(entities, &places, &found.by_did, context, dictionary);
        if !foreign.is_empty() && !self.sheepdog.administers_files(&self.submission.permit).await? {
            places::refuse(entities, foreign);
        }
        Ok(())
    }

    async fn find_files(&self, entities: &[Entity]) -> Result<FoundRecords, Abort> {
        let wanted = files::wanted(entities, &self.sheepdog.dictionary);
        let (index, mut found) = (&self.sheepdog.index, FoundRecords::default());
        if !wanted.dids.is_empty() {
            let dids: Vec<String> = wanted.dids.into_iter().collect();
            let records = index.get_many(&dids).await?;
            found.by_did = records.into_iter().map(|record| (record.did.clone(), record)).collect();
        }
        // A record may also be at another index, which this one asks about one at a time.
        let is_missing = |did: &String| !found.by_did.contains_key(did);
        let missing: Vec<String> = wanted.stored.into_iter().filter(is_missing).collect();
        for did in missing {
            if index.get(&did).await?.is_none() {
                found.lost.insert(did);
            }
        }
        if !wanted.contents.is_empty() {
            let contents: Vec<(String, i64)> = wanted.contents.into_iter().collect();
            let records = self.sheepdog.index.find_by_md5_and_size(&contents).await?;
            let pairs = contents.into_iter().zip(records);
            found.by_content = pairs.filter_map(|(content, record)| Some((content, record?))).collect();
        }
        Ok(found)
    }

    /// Finds the targets of links, and checks what the dictionary says about them. Targets that can have one
    /// source only need all links to be known first.
    async fn link(
        &self,
        connection: &mut PgConnection,
        outcome: &mut Outcome,
        course: &mut Course,
        known: &Known,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let mut node_types = known.labels.iter().filter_map(|label| dictionary.nodes.get(label));
        let may_claim = node_types.any(edges::may_claim);
        let mut claims = Claims::default();
        let mut pass = outcome.entities.pass(Purpose::Change);
        while let Some((first, entities)) = pass.next().await? {
            course.progress.note(self.sheepdog, &self.submission.body, Phase::Linking, first).await;
            self.resolve_links(connection, entities, &known.members).await?;
            if may_claim {
                edges::claim(entities, &mut claims, dictionary);
            } else {
                self.check_links(connection, entities, &claims).await?;
            }
        }
        if !may_claim {
            return Ok(());
        }
        claims.settle();
        let mut pass = outcome.entities.pass(Purpose::Change);
        while let Some((first, entities)) = pass.next().await? {
            course.progress.note(self.sheepdog, &self.submission.body, Phase::Linking, first).await;
            self.check_links(connection, entities, &claims).await?;
        }
        Ok(())
    }

    async fn resolve_links(
        &self,
        connection: &mut PgConnection,
        entities: &mut [Entity],
        members: &Members,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let links = targets::collect(entities, self.scope, dictionary);
        // The documents have been read; the memory is needed for what comes next.
        entities.iter_mut().for_each(|entity| entity.document = Value::Null);
        let hits = self.find_nodes(connection, links.wanted(dictionary), NodeColumns::Project).await?;
        links.resolve(entities, &hits, members, self.scope, dictionary);
        Ok(())
    }

    async fn check_links(
        &self,
        connection: &mut PgConnection,
        entities: &mut [Entity],
        claims: &Claims,
    ) -> Result<(), Abort> {
        let dictionary = &*self.sheepdog.dictionary;
        let stored = store::nodes::edges(connection, edges::wanted_edges(entities, dictionary)).await?;
        edges::check(entities, &stored, claims, dictionary);
        Ok(())
    }
}
