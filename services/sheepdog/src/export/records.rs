//! Records of a project by id.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::{Dictionary, NodeType};
use sqlx::PgConnection;

use crate::{
    Error,
    auth::ReadPermit,
    forms::layout::{Ids, Layout},
    model::record::StoredRecord,
    store::export::RecordQuery,
};

/// The records with these ids (by node type) in the project, in the order of the dictionary. One statement
/// for each type.
pub(crate) async fn find<'d>(
    connection: &mut PgConnection,
    dictionary: &'d Dictionary,
    permit: &ReadPermit,
    ids: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<(&'d NodeType, Vec<StoredRecord>)>, Error> {
    let mut found = Vec::new();
    for node in dictionary.nodes.values() {
        let Some(ids) = ids.get(&node.id).filter(|ids| !ids.is_empty()) else { continue };
        let query = RecordQuery { node, links: Layout::of(dictionary, node, Ids::Shown).links };
        let ids: Vec<String> = ids.iter().cloned().collect();
        let records = query.in_project(connection, permit, &ids).await?;
        if !records.is_empty() {
            found.push((node, records));
        }
    }
    Ok(found)
}
