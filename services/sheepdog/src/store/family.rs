//! Children and parents of nodes. The number of statements depends on the tables, never on the nodes.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::Dictionary;
use psqlgraph::nodes::{self, EdgeTable, End};
use sqlx::PgConnection;

use super::nodes::edges_at;
use crate::{
    Error,
    auth::{Delete, ProjectPermit},
    model::lookup::{Family, Relative},
};

/// Adds the children of `nodes`, and where each child's links go.
pub(crate) async fn load(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    nodes: &BTreeSet<Relative>,
    family: &mut Family,
) -> Result<(), Error> {
    let mut by_label: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for node in nodes.iter().filter(|node| !family.children.contains_key(&node.id)) {
        by_label.entry(&node.label).or_default().push(node.id.clone());
    }
    let mut children: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (label, ids) in by_label {
        let Some(node_type) = dictionary.nodes.get(label) else { continue };
        for (source, link) in &node_type.backlinks {
            let table = EdgeTable::of_link(source, link);
            for edge in edges_at(connection, &table, End::Destination, ids.clone()).await? {
                let relative = Relative { label: source.clone(), id: edge.source.clone() };
                family.children.entry(edge.destination).or_default().push(relative);
                children.entry(source.clone()).or_default().insert(edge.source);
            }
        }
    }
    for (label, mut ids) in children {
        ids.retain(|id| !family.parents.contains_key(id));
        let Some(node_type) = dictionary.nodes.get(&label) else { continue };
        for link in node_type.all_links() {
            let (table, ids) = (EdgeTable::of_link(&node_type.id, link), ids.iter().cloned().collect());
            for edge in edges_at(connection, &table, End::Source, ids).await? {
                let of_child = family.parents.entry(edge.source).or_default();
                of_child.entry(link.name.clone()).or_default().push(edge.destination);
            }
        }
    }
    Ok(())
}

/// Deletes all edges of nodes of one type.
pub(crate) async fn delete_edges(
    connection: &mut PgConnection,
    _: &ProjectPermit<Delete>,
    dictionary: &Dictionary,
    label: &str,
    ids: &[String],
) -> Result<(), Error> {
    let Some(node_type) = dictionary.nodes.get(label) else { return Ok(()) };
    for link in node_type.all_links() {
        nodes::delete_edges(connection, &EdgeTable::of_link(&node_type.id, link), End::Source, ids).await?;
    }
    for (source, link) in &node_type.backlinks {
        let table = EdgeTable::of_link(source, link);
        nodes::delete_edges(connection, &table, End::Destination, ids).await?;
    }
    Ok(())
}
