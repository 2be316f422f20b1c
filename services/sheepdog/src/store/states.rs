//! Submission of a project: its records change their state, a statement a node type.

use dictionary::{Dictionary, NodeType};
use psqlgraph::{
    names::node_table,
    nodes::{EdgeTable, void_nodes},
    transactions::TransactionId,
};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::PgConnection;

use crate::{
    Error,
    auth::{ChangeState, ProjectPermit},
};

/// Marks the valid records of the project as submitted, with history; keeps their new versions in
/// `versioned_nodes`, and snapshots for the transaction. The project has to be locked.
pub(crate) async fn submit(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    permit: &ProjectPermit<ChangeState>,
    transaction_id: TransactionId,
    stamp: &str,
) -> Result<(), Error> {
    let project_id = permit.project().project_id();
    for node in dictionary.nodes.values().filter(|node| is_submitted(node)) {
        let statement = submit_type(node, &project_id, transaction_id, stamp);
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

/// The statement of one type, for example of `sample` (a snapshot has all of it):
///
/// ```sql
/// with found as materialized (
///     -- id, properties and new properties of the valid records of the project
/// ), history as (
///     insert into _voided_nodes (...) select ... from "node_sample" n join found f on ...
/// ), changed as (
///     update "node_sample" n set _props = f.new_props from found f where ... returning ...
/// ), versions as (
///     insert into versioned_nodes (...) select ..., array(...) from changed c
/// )
/// insert into transaction_snapshots (...) select ... from found f
/// ```
fn submit_type(node: &NodeType, project_id: &str, transaction_id: TransactionId, stamp: &str) -> Sql {
    let table = node_table(&node.id);
    Sql::raw("with found as materialized (")
        .then(found(&table, project_id, stamp))
        .text("), history as (")
        .then(void_nodes(&table, &node.id))
        .text("join found f on f.node_id = n.node_id), changed as (update ")
        .then_ident(&table)
        .text(" n set _props = f.new_props from found f where n.node_id = f.node_id ")
        .text("returning n.node_id, n.created, n.acl, n._sysan, n._props), versions as (")
        .then(versions(node, project_id))
        .text(") ")
        .then(snapshots(node, transaction_id))
}

fn found(table: &str, project_id: &str, stamp: &str) -> Sql {
    Sql::raw("select n.node_id, n._props as old_props, n._props || ")
        .text("jsonb_build_object('state', 'submitted') || ")
        .text("case when n._props ? 'updated_datetime' then jsonb_build_object('updated_datetime', ")
        .bind(stamp)
        .text("::text) else '{}' end || ")
        .text("case when n._props ->> 'file_state' = 'validated' then ")
        .text("jsonb_build_object('file_state', 'submitted') else '{}' end as new_props from ")
        .then_ident(table)
        .text(" n where n._props ->> 'project_id' = ")
        .bind(project_id)
        .text(" and coalesce(n._props ->> 'state', 'validated') = 'validated'")
}

fn versions(node: &NodeType, project_id: &str) -> Sql {
    Sql::raw("insert into versioned_nodes (label, node_id, project_id, created, acl, system_annotations, ")
        .text("properties, neighbors) select ")
        .bind(node.id.as_str())
        .text("::text, c.node_id, ")
        .bind(project_id)
        .text("::text, c.created, c.acl, c._sysan, c._props, ")
        .then(neighbors(node))
        .text(" from changed c")
}

/// Snapshots show every property, whether it is set or not.
fn snapshots(node: &NodeType, transaction_id: TransactionId) -> Sql {
    let properties = node.stored_properties();
    let unset: Map<String, Value> = properties.map(|property| (property.name.clone(), Value::Null)).collect();
    let unset = || Sql::new().bind(Value::Object(unset.clone())).text("::jsonb");
    Sql::raw("insert into transaction_snapshots (entity_id, transaction_id, action, old_props, new_props) ")
        .text("select f.node_id, ")
        .number(i64::from(transaction_id.0))
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
            .then_ident(&EdgeTable::of_link(&node.id, link).name)
            .text(" e where e.src_id = c.node_id")
    });
    let children = node.backlinks.iter().map(|(source, link)| {
        Sql::raw("select e.src_id from ")
            .then_ident(&EdgeTable::of_link(source, link).name)
            .text(" e where e.dst_id = c.node_id")
    });
    let all = Sql::join(" union all ", parents.chain(children));
    if all.is_empty() { Sql::raw("'{}'::text[]") } else { Sql::raw("array(").then(all).text(")") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_submitted_in_one_statement() {
        let dictionary = crate::testing::dictionary();
        let statement = submit_type(&dictionary.nodes["sample"], "P-Q", TransactionId(7), "2026-01-01");
        insta::assert_snapshot!(statement.render().0);
    }
}
