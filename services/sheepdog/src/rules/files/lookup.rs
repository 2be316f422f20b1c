//! Which records have to be looked up.

use std::collections::{BTreeSet, HashMap, HashSet};

use dictionary::{Dictionary, NodeType};
use indexclient::Record;

use super::context::text;
use crate::model::entity::{Action, Entity};

/// The records to look up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordLookup {
    pub dids: BTreeSet<String>,
    /// Those of `dids` that stored nodes have, whose records must be there.
    pub stored: BTreeSet<String>,
    /// MD5 and size.
    pub contents: BTreeSet<(String, i64)>,
}

/// The records that were found.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundRecords {
    pub by_did: HashMap<String, Record>,
    pub by_content: HashMap<(String, i64), Record>,
    /// GUIDs among them that are the ids of stored nodes.
    pub taken: HashSet<String>,
    /// Those of [`RecordLookup::stored`] that name no record, here or in another index.
    pub lost: BTreeSet<String>,
}

impl FoundRecords {
    /// The GUIDs of the records that were found by their bytes.
    pub(crate) fn content_dids(&self) -> Vec<String> {
        self.by_content.values().map(|record| record.did.clone()).collect()
    }

    /// The GUIDs of all records that were found.
    pub(crate) fn dids(&self) -> impl Iterator<Item = &String> {
        self.by_did.values().chain(self.by_content.values()).map(|record| &record.did)
    }
}

/// The records that the valid file entities need.
pub(crate) fn wanted(entities: &[Entity], dictionary: &Dictionary) -> RecordLookup {
    let mut wanted = RecordLookup::default();
    for (_, entity, node_type) in files(entities, dictionary) {
        let creates = entity.node.as_ref().is_some_and(|node| node.action == Action::Create);
        let guid = guid(entity, node_type);
        wanted.dids.extend(guid.clone());
        if creates {
            wanted.contents.extend(content(entity));
        } else {
            wanted.stored.extend(guid);
        }
    }
    wanted
}

pub(in crate::rules) fn files<'e, 'd>(
    entities: &'e [Entity],
    dictionary: &'d Dictionary,
) -> impl Iterator<Item = (usize, &'e Entity, &'d NodeType)> + use<'e, 'd> {
    entities.iter().enumerate().filter_map(|(position, entity)| {
        let node_type = entity.node_type(dictionary)?;
        let is_file = node_type.category.is_file() && entity.node.is_some() && entity.is_valid();
        is_file.then_some((position, entity, node_type))
    })
}

/// The GUID that the entity names or has.
pub(in crate::rules) fn guid(entity: &Entity, node_type: &NodeType) -> Option<String> {
    let node = entity.node.as_ref()?;
    match (node_type.has_object_id(), node.action) {
        (true, _) => text(&node.props, "object_id").map(str::to_owned),
        (false, Action::Create) => entity.given_id().map(str::to_owned),
        (false, _) => Some(node.id.clone()),
    }
}

/// The bytes that the entity describes: MD5 and size.
pub(super) fn content(entity: &Entity) -> Option<(String, i64)> {
    let props = &entity.node.as_ref()?.props;
    Some((text(props, "md5sum")?.to_owned(), props.get("file_size")?.as_i64()?))
}
