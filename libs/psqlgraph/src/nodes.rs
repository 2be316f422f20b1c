//! Writing nodes and edges set by set, with the history rows that psqlgraph's session would write.
//!
//! There are no triggers: whoever changes a node or edge without these functions loses its history.

use std::collections::HashSet;

use dictionary::Link;
use sql::Sql;
use sqlx::PgConnection;

use crate::names::{edge_table, node_table};

/// A node to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// The id of the node.
    pub node_id: String,
    /// What two writers could collide on (the unique key): rows are written in this order, so that they wait
    /// for each other and never deadlock.
    pub key: String,
    /// `_props` as JSON text.
    pub props: String,
}

/// A node with new properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedNode {
    /// The id of the node.
    pub node_id: String,
    /// The whole new `_props` as JSON text.
    pub props: String,
}

/// An edge table and the words that go into its history.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeTable {
    /// Table name.
    pub name: String,
    /// Edge label.
    pub label: String,
}

impl EdgeTable {
    /// The table of the link with `label` from `source` to `destination`.
    pub fn of(source: &str, label: &str, destination: &str) -> Self {
        Self { name: edge_table(source, label, destination), label: label.to_owned() }
    }

    /// The table of a link that nodes of the type `source` declare.
    pub fn of_link(source: &str, link: &Link) -> Self {
        Self::of(source, &link.label, &link.target_type)
    }
}

/// An edge, by the ids of the nodes at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The child.
    pub source: String,
    /// The parent.
    pub destination: String,
}

/// Which end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The child.
    Source,
    /// The parent.
    Destination,
}

/// Inserts nodes of the type `label`, all with the same `acl`. One statement.
///
/// # Errors
/// A unique violation when an id or a key exists already.
pub async fn insert_nodes(
    connection: &mut PgConnection,
    label: &str,
    acl: &[String],
    mut nodes: Vec<NewNode>,
) -> Result<(), sqlx::Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    nodes.sort_unstable_by(|a, b| (&a.key, &a.node_id).cmp(&(&b.key, &b.node_id)));
    let (ids, props): (Vec<_>, Vec<_>) = nodes.into_iter().map(|node| (node.node_id, node.props)).unzip();
    insert_statement(label, acl, ids, props).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// insert into "node_case" (node_id, acl, _sysan, _props)
/// select t.node_id, $1, '{}'::jsonb, t.props::jsonb from unnest($2, $3) as t (node_id, props)
/// ```
fn insert_statement(label: &str, acl: &[String], ids: Vec<String>, props: Vec<String>) -> Sql {
    Sql::raw("insert into ")
        .then_ident(&node_table(label))
        .text(" (node_id, acl, _sysan, _props) select t.node_id, ")
        .bind(acl.to_vec())
        .text(", '{}'::jsonb, t.props::jsonb from unnest(")
        .bind(ids)
        .text(", ")
        .bind(props)
        .text(") as t (node_id, props)")
}

/// Gives nodes of the type `label` new properties and keeps the old ones as history. One statement.
///
/// # Errors
/// A unique violation when a new key exists already.
pub async fn update_nodes(
    connection: &mut PgConnection,
    label: &str,
    mut nodes: Vec<ChangedNode>,
) -> Result<(), sqlx::Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    nodes.sort_unstable_by(|a, b| a.node_id.cmp(&b.node_id));
    let (ids, props): (Vec<_>, Vec<_>) = nodes.into_iter().map(|node| (node.node_id, node.props)).unzip();
    update_statement(label, ids, props).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// with changed as (select * from unnest($1, $2) as t (node_id, props)),
/// old as (
///     insert into _voided_nodes (...) select ..., 'case' from "node_case" n
///     join changed c on c.node_id = n.node_id
/// )
/// update "node_case" n set _props = c.props::jsonb from changed c where n.node_id = c.node_id
/// ```
fn update_statement(label: &str, ids: Vec<String>, props: Vec<String>) -> Sql {
    let table = node_table(label);
    Sql::raw("with changed as (select * from unnest(")
        .bind(ids)
        .text(", ")
        .bind(props)
        .text(") as t (node_id, props)), old as (")
        .then(void_nodes(&table, label))
        .text("join changed c on c.node_id = n.node_id) update ")
        .then_ident(&table)
        .text(" n set _props = c.props::jsonb from changed c where n.node_id = c.node_id")
}

/// Merges `annotations` (a JSON object) into the system annotations of nodes, whose `updated_datetime`
/// becomes `stamp` where they have one. Nodes with these annotations already are left alone. One statement.
///
/// # Errors
/// When the database fails.
pub async fn annotate_nodes(
    connection: &mut PgConnection,
    label: &str,
    ids: &[String],
    annotations: serde_json::Value,
    stamp: &str,
) -> Result<(), sqlx::Error> {
    annotate_statement(label, ids, &annotations, stamp).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// with old as (
///     insert into _voided_nodes (...) select ..., 'case' from "node_case" n
///     where n.node_id = any($1) and not coalesce(n._sysan, '{}') @> $2
/// )
/// update "node_case" n set _sysan = coalesce(n._sysan, '{}') || $3,
///     _props = case when n._props ? 'updated_datetime' then ... $4 ... else n._props end
/// where n.node_id = any($5) and not coalesce(n._sysan, '{}') @> $6
/// ```
fn annotate_statement(label: &str, ids: &[String], annotations: &serde_json::Value, stamp: &str) -> Sql {
    let table = node_table(label);
    let which = || {
        Sql::raw("where n.node_id = any(")
            .bind(ids.to_vec())
            .text(") and not coalesce(n._sysan, '{}') @> ")
            .bind(annotations.clone())
    };
    Sql::raw("with old as (")
        .then(void_nodes(&table, label))
        .then(which())
        .text(") update ")
        .then_ident(&table)
        .text(" n set _sysan = coalesce(n._sysan, '{}') || ")
        .bind(annotations.clone())
        .text(
            ", _props = case when n._props ? 'updated_datetime' then n._props || \
             jsonb_build_object('updated_datetime', ",
        )
        .bind(stamp)
        .text("::text) else n._props end ")
        .then(which())
}

/// Deletes nodes of the type `label`; their edges have to be deleted before. One statement.
///
/// # Errors
/// When the database fails.
pub async fn delete_nodes(
    connection: &mut PgConnection,
    label: &str,
    ids: &[String],
) -> Result<(), sqlx::Error> {
    delete_statement(label, ids).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// with old as (
///     insert into _voided_nodes (...) select ..., 'case' from "node_case" n where n.node_id = any($1)
/// )
/// delete from "node_case" where node_id = any($2)
/// ```
fn delete_statement(label: &str, ids: &[String]) -> Sql {
    let table = node_table(label);
    Sql::raw("with old as (")
        .then(void_nodes(&table, label))
        .text("where n.node_id = any(")
        .bind(ids.to_vec())
        .text(")) delete from ")
        .then_ident(&table)
        .text(" where node_id = any(")
        .bind(ids.to_vec())
        .text(")")
}

/// Inserts edges in the order given; those that exist already stay as they are. One
/// statement. Two writers of the same edges must take turns (sheepdog locks the project).
///
/// # Errors
/// At commit: a foreign key violation when an end is missing.
pub async fn insert_edges(
    connection: &mut PgConnection,
    table: &EdgeTable,
    mut edges: Vec<Edge>,
) -> Result<(), sqlx::Error> {
    if edges.is_empty() {
        return Ok(());
    }
    let mut seen = HashSet::new();
    edges.retain(|edge| seen.insert(edge.clone()));
    let (sources, destinations): (Vec<_>, Vec<_>) =
        edges.into_iter().map(|edge| (edge.source, edge.destination)).unzip();
    link_statement(table, sources, destinations).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// insert into "edge_casememberofstudy" (src_id, dst_id, acl, _sysan, _props)
/// select s, d, '{}'::text[], '{}', '{}' from unnest($1, $2) as t (s, d) on conflict do nothing
/// ```
fn link_statement(table: &EdgeTable, sources: Vec<String>, destinations: Vec<String>) -> Sql {
    Sql::raw("insert into ")
        .then_ident(&table.name)
        .text(" (src_id, dst_id, acl, _sysan, _props) select s, d, '{}'::text[], '{}', '{}' from unnest(")
        .bind(sources)
        .text(", ")
        .bind(destinations)
        .text(") as t (s, d) on conflict do nothing")
}

/// Deletes all edges of a table that have one of `ids` at `end`, and keeps them as history. One statement.
///
/// # Errors
/// When the database fails.
pub async fn delete_edges(
    connection: &mut PgConnection,
    table: &EdgeTable,
    end: End,
    ids: &[String],
) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    unlink_statement(table, end, ids).query().execute(connection).await.map(|_| ())
}

/// ```sql
/// with gone as (delete from "edge_casememberofstudy" where src_id = any($1) returning *)
/// insert into _voided_edges (...) select ... from gone
/// ```
fn unlink_statement(table: &EdgeTable, end: End, ids: &[String]) -> Sql {
    Sql::raw("with gone as (delete from ")
        .then_ident(&table.name)
        .text(match end {
            End::Source => " where src_id = any(",
            End::Destination => " where dst_id = any(",
        })
        .bind(ids.to_vec())
        .text(
            ") returning *) insert into _voided_edges \
             (src_id, dst_id, label, created, acl, system_annotations, properties) select src_id, dst_id, ",
        )
        .bind(table.label.as_str())
        .text(", created, acl, _sysan, _props from gone")
}

/// `insert into _voided_nodes ... from "table" n `, to be followed by a join or condition: keeps nodes of the
/// type `label` as history, as they are before the statement. For statements that change nodes in another way
/// than the functions above.
pub fn void_nodes(table: &str, label: &str) -> Sql {
    Sql::raw(
        "insert into _voided_nodes (node_id, created, acl, system_annotations, properties, label) \
         select n.node_id, n.created, n.acl, n._sysan, n._props, ",
    )
    .literal(label)
    .text(" from ")
    .then_ident(table)
    .text(" n ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_write_is_one_statement_with_its_history() {
        let (ids, table) = (vec!["a".to_owned()], EdgeTable::of("case", "member_of", "study"));
        let statements = [
            insert_statement("case", &[], ids.clone(), ids.clone()),
            update_statement("case", ids.clone(), ids.clone()),
            annotate_statement("case", &ids, &json!({"to_delete": true}), "2026-01-01"),
            delete_statement("case", &ids),
            link_statement(&table, ids.clone(), ids.clone()),
            unlink_statement(&table, End::Source, &ids),
            unlink_statement(&table, End::Destination, &ids),
        ];
        let texts: Vec<String> = statements.into_iter().map(|statement| statement.render().0).collect();
        insta::assert_snapshot!(texts.join(";\n\n"));
    }
}
