//! The nodes of one request, kept small: what its links may mean, and what must not occur twice.
//!
//! A request may have millions of entities. Of each, the id is kept in 16 bytes and every key as a hash of
//! 128 bits with a secret of the request's own, so that nobody can make two of them equal.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
};

use dictionary::NodeType;
use psqlgraph::nodes::EdgeTable;
use serde_json::Value;
use uuid::Uuid;

use super::keys::key_texts;
use crate::model::{
    entity::{Action, Entity, Node},
    scope::Scope,
};

/// At most this many nodes of one key are returned: two are an error already.
const MOST: usize = 1000;

/// A hash of 128 bits.
type Digest = (u64, u64);

/// Makes hashes that nobody can foresee.
#[derive(Default)]
pub(crate) struct Secrets(RandomState, RandomState);

impl Secrets {
    /// The hash of a value.
    pub(crate) fn of(&self, value: &impl Hash) -> Digest {
        (self.0.hash_one(value), self.1.hash_one(value))
    }
}

/// The nodes of a request. Entities are numbered in the order in which they came.
#[derive(Default)]
pub(crate) struct Members {
    secrets: Secrets,
    /// Indexed by entity. Zero means no id, or an id kept in `other_ids` because it is not a UUID.
    ids: Vec<u128>,
    /// Ids that are not UUIDs in their usual form.
    other_ids: HashMap<u32, String>,
    by_id: Vec<(Digest, u32)>,
    by_key: Vec<(Digest, u32)>,
    documents: Occurrences,
    /// Ids that came from the file index later.
    adopted: HashMap<Digest, u32>,
    /// New nodes of entities with errors.
    refused: HashSet<u32>,
}

/// A node of the request that a link may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub id: String,
    /// Whether it is a new node that was refused: it gives way to others.
    pub is_refused: bool,
}

/// Keys and ids of documents, which must not occur twice.
#[derive(Default)]
struct Occurrences {
    exact: Vec<Digest>,
    folded: Vec<Digest>,
    ids: Vec<Digest>,
}

impl Members {
    /// With space for this many entities.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            ids: Vec::with_capacity(count),
            by_id: Vec::with_capacity(count),
            by_key: Vec::with_capacity(count),
            documents: Occurrences {
                exact: Vec::with_capacity(count),
                folded: Vec::with_capacity(count),
                ids: Vec::with_capacity(count),
            },
            ..Self::default()
        }
    }

    /// The number of entities that were noted.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.ids.len()
    }

    /// Notes the next entity; only those with a node can be meant by links.
    pub(crate) fn add(&mut self, entity: &Entity, node_type: Option<&NodeType>, scope: &Scope) {
        let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let (Some(node_type), Some(node)) = (node_type, &entity.node) else {
            self.ids.push(0);
            return;
        };
        self.ids.push(0);
        self.set_id(number, &node.id);
        self.note_refusal(number, entity);
        let named = self.secrets.of(&(&node_type.id, &node.id));
        self.by_id.push((named, number));
        self.documents.ids.push(self.secrets.of(&node.id));
        for (position, members) in node_type.natural_keys().enumerate() {
            if let Some(values) = stored_key(node, members) {
                let digest = self.secrets.of(&(&node_type.id, position, values));
                self.by_key.push((digest, number));
            }
            if let Some(values) = key_texts(entity, members, scope) {
                self.documents.folded.push(self.folded(node_type, position, &values));
            }
        }
        if let Some(exact) = self.exact(entity, node_type, scope) {
            self.documents.exact.push(exact);
        }
    }

    fn set_id(&mut self, number: u32, id: &str) {
        let Some(place) = self.ids.get_mut(number as usize) else { return };
        match Uuid::try_parse(id).ok().filter(|uuid| !uuid.is_nil() && uuid.to_string() == id) {
            Some(uuid) => *place = uuid.as_u128(),
            None => {
                *place = 0;
                self.other_ids.insert(number, id.to_owned());
            }
        }
    }

    /// Ends the adding and returns what occurs more than once.
    pub(crate) fn settle(&mut self) -> Repeats {
        self.by_id.sort_unstable();
        self.by_key.sort_unstable();
        let Occurrences { exact, folded, ids } = std::mem::take(&mut self.documents);
        Repeats {
            exact: repeated(exact),
            folded: repeated(folded),
            ids: repeated(ids),
            seen: std::array::from_fn(|_| HashSet::new()),
        }
    }

    fn id_of(&self, number: u32) -> Option<String> {
        match self.ids.get(number as usize) {
            Some(0) | None => self.other_ids.get(&number).cloned(),
            Some(id) => Some(Uuid::from_u128(*id).to_string()),
        }
    }

    fn note_refusal(&mut self, number: u32, entity: &Entity) {
        let is_new = entity.node.as_ref().is_some_and(|node| node.action == Action::Create);
        if is_new && !entity.is_valid() {
            self.refused.insert(number);
        }
    }

    /// Notes which of the entities, the first of which has the number `first`, have errors by now.
    pub(crate) fn refuse(&mut self, first: usize, entities: &[Entity]) {
        for (number, entity) in (first..).zip(entities) {
            self.note_refusal(u32::try_from(number).unwrap_or(u32::MAX), entity);
        }
    }

    /// The nodes of the type with this key, whatever the case of its letters; at most [`MOST`] of them.
    pub(crate) fn with_key(&self, label: &str, position: usize, values: &[String]) -> Vec<Member> {
        let values: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
        let digest = self.secrets.of(&(label, position, values));
        let member = |(_, number): &(Digest, u32)| {
            Some(Member { id: self.id_of(*number)?, is_refused: self.refused.contains(number) })
        };
        entries(&self.by_key, digest).take(MOST).filter_map(member).collect()
    }

    /// Whether a node of the type has this id.
    pub(crate) fn has_id(&self, label: &str, id: &str) -> bool {
        let digest = self.secrets.of(&(label, id));
        let mut entries = entries(&self.by_id, digest).map(|(_, number)| *number);
        let is_own = entries.any(|number| self.id_of(number).as_deref() == Some(id));
        is_own || self.adopted.contains_key(&digest)
    }

    /// The node with this number gets an id of the file index. Says whether no other node of the request has
    /// it.
    pub(crate) fn adopt(&mut self, number: usize, labels: &[&str], label: &str, id: &str) -> bool {
        let is_taken = labels.iter().any(|label| self.has_id(label, id));
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.set_id(number, id);
        self.adopted.insert(self.secrets.of(&(label, id)), number);
        !is_taken
    }

    fn exact(&self, entity: &Entity, node_type: &NodeType, scope: &Scope) -> Option<Digest> {
        let tuples = node_type.natural_keys().map(|members| key_texts(entity, members, scope));
        Some(self.secrets.of(&tuples.collect::<Option<Vec<_>>>()?))
    }

    fn folded(&self, node_type: &NodeType, position: usize, values: &[&str]) -> Digest {
        let values: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
        self.secrets.of(&(&node_type.id, position, values))
    }
}

/// The key that the node has, in lower case.
fn stored_key(node: &Node, members: &[String]) -> Option<Vec<String>> {
    let value = |key: &String| node.props.get(key).and_then(Value::as_str).map(str::to_lowercase);
    members.iter().map(value).collect()
}

fn entries(sorted: &[(Digest, u32)], digest: Digest) -> impl Iterator<Item = &(Digest, u32)> {
    let start = sorted.partition_point(|(other, _)| *other < digest);
    sorted[start..].iter().take_while(move |(other, _)| *other == digest)
}

fn repeated(mut digests: Vec<Digest>) -> HashSet<Digest> {
    digests.sort_unstable();
    digests.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// Keys and ids that occur more than once. Asked in the order of the documents, it tells the first one from
/// later ones.
pub(crate) struct Repeats {
    exact: HashSet<Digest>,
    folded: HashSet<Digest>,
    ids: HashSet<Digest>,
    seen: [HashSet<Digest>; 3],
}

impl Repeats {
    /// Whether there are none, as is usual.
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.folded.is_empty() && self.ids.is_empty()
    }

    /// Whether an earlier entity has all the same keys, letter by letter; of any type, as the original has
    /// it.
    pub(crate) fn exact(
        &mut self,
        members: &Members,
        entity: &Entity,
        node_type: &NodeType,
        scope: &Scope,
    ) -> bool {
        let digest = members.exact(entity, node_type, scope);
        digest.is_some_and(|digest| self.exact.contains(&digest) && !self.seen[0].insert(digest))
    }

    /// Whether an earlier entity of the type has this key but for the case of letters.
    pub(crate) fn folded(
        &mut self,
        members: &Members,
        node_type: &NodeType,
        position: usize,
        values: &[&str],
    ) -> bool {
        let digest = members.folded(node_type, position, values);
        self.folded.contains(&digest) && !self.seen[1].insert(digest)
    }

    /// Whether an earlier entity has this id.
    pub(crate) fn id(&mut self, members: &Members, id: &String) -> bool {
        let digest = members.secrets.of(id);
        self.ids.contains(&digest) && !self.seen[2].insert(digest)
    }
}

/// The nodes of the request that link to each target under links that allow one source only.
#[derive(Default)]
pub(crate) struct Claims {
    secrets: Secrets,
    /// A target under a link, and the node that claims it.
    entries: Vec<(Digest, Digest)>,
}

impl Claims {
    /// `source` links to `target` by the edge table.
    pub(crate) fn add(&mut self, table: &EdgeTable, target: &str, source: &str) {
        let key = self.secrets.of(&(&table.name, target));
        self.entries.push((key, self.secrets.of(&source)));
    }

    /// Ends the adding. Two claims of each target are enough to know that there is another one.
    pub(crate) fn settle(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        let mut run = 0;
        let mut last = None;
        self.entries.retain(|(key, _)| {
            run = if last == Some(*key) { run + 1 } else { 1 };
            last = Some(*key);
            run <= 2
        });
    }

    /// Whether another node claims the target.
    pub(crate) fn has_other(&self, table: &EdgeTable, target: &str, source: &str) -> bool {
        let (key, source) = (self.secrets.of(&(&table.name, target)), self.secrets.of(&source));
        let start = self.entries.partition_point(|(other, _)| *other < key);
        self.entries[start..].iter().take_while(|(other, _)| *other == key).any(|(_, other)| *other != source)
    }
}
