//! Submission of a project: its records change their state, a statement a node type.

use dictionary::{Dictionary, NodeType};
use psqlgraph::{
    names::node_table,
    nodes::{EdgeTable, void_nodes},
};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::PgConnection;

use crate::{Error, links::edge_table};

/// Marks the valid records of the project as submitted, with history; keeps their new versions in `versioned_nodes`, and
/// snapshots for the transaction `transaction_id`. The project has to be locked.
pub(crate) async fn submit(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    project_id: &str,
    transaction_id: i32,
) -> Result<(), Error> {
    // As Python's isoformat writes it.
    let stamp = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, false);
    for node in dictionary.nodes.values().filter(|node| is_submitted(node)) {
        let statement = submit_type(node, project_id, transaction_id, &stamp);
        statement.query().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Whether records of this type take part.
fn is_submitted(node: &NodeType) -> bool {
    let takes_part = matches!(node.category.0.as_str(), "biospecimen" | "clinical" | "data_file")
        || matches!(node.id.as_str(), "case" | "annotation");
    takes_part && ["project_id", "state"].iter().all(|name| node.properties.contains_key(*name))
}

fn submit_type(node: &NodeType, project_id: &str, transaction_id: i32, stamp: &str) -> Sql {
    // Snapshots show every property, whether it is set or not.
    let unset: Map<String, Value> =
        node.stored_properties().map(|property| (property.name.clone(), Value::Null)).collect();
    let unset = || Sql::new().bind(Value::Object(unset.clone())).text("::jsonb");
    Sql::raw("with found as materialized (select n.node_id, n._props as old_props, n._props || jsonb_build_object(")
        .text("'state', 'submitted') || case when n._props ? 'updated_datetime' then ")
        .text("jsonb_build_object('updated_datetime', ")
        .bind(stamp)
        .text("::text) else '{}' end || case when n._props ->> 'file_state' = 'validated' then ")
        .text("jsonb_build_object('file_state', 'submitted') else '{}' end as new_props from ")
        .then_ident(&node_table(&node.id))
        .text(" n where n._props ->> 'project_id' = ")
        .bind(project_id)
        .text(" and coalesce(n._props ->> 'state', 'validated') = 'validated'), history as (")
        .then(void_nodes(&node_table(&node.id), &node.id))
        .text("join found f on f.node_id = n.node_id), changed as (update ")
        .then_ident(&node_table(&node.id))
        .text(" n set _props = f.new_props from found f where n.node_id = f.node_id ")
        .text("returning n.node_id, n.created, n.acl, n._sysan, n._props), versions as (")
        .text("insert into versioned_nodes (label, node_id, project_id, created, acl, system_annotations, ")
        .text("properties, neighbors) select ")
        .bind(node.id.as_str())
        .text("::text, c.node_id, ")
        .bind(project_id)
        .text("::text, c.created, c.acl, c._sysan, c._props, ")
        .then(neighbors(node))
        .text(" from changed c) insert into transaction_snapshots (entity_id, transaction_id, action, old_props, ")
        .text("new_props) select f.node_id, ")
        .number(i64::from(transaction_id))
        .text(", 'submit', ")
        .then(unset())
        .text(" || f.old_props, ")
        .then(unset())
        .text(" || f.new_props from found f")
}

/// The ids at the other ends of the node's links: parents, then children.
fn neighbors(node: &NodeType) -> Sql {
    let parents = node.all_links().into_iter().map(|link| {
        Sql::raw("select e.dst_id from ")
            .then_ident(&edge_table(node, link).name)
            .text(" e where e.src_id = c.node_id")
    });
    let children = node.backlinks.iter().map(|(source, link)| {
        Sql::raw("select e.src_id from ")
            .then_ident(&EdgeTable::of(source, &link.label, &link.target_type).name)
            .text(" e where e.dst_id = c.node_id")
    });
    let all = Sql::join(" union all ", parents.chain(children));
    match all.is_empty() {
        true => Sql::raw("'{}'::text[]"),
        false => Sql::raw("array(").then(all).text(")"),
    }
}
