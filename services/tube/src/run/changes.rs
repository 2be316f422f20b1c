//! What has changed in the graph since a place in the history of its database.
//!
//! A row tells by its `xmin` which transaction wrote it. What was taken away stands in the history tables,
//! into which everybody writes who changes the graph. So it does not matter which program wrote, nor in which
//! order transactions ended.

use std::collections::{BTreeSet, HashMap};

use psqlgraph::names::node_table;
use sql::Sql;
use sqlx::{PgConnection, Row as _};

use crate::ir::{Body, Hop, JoinWay, Nested, Program, Walk};

/// When more rows than this have changed, everything is made anew.
const MOST: i64 = 50_000;

/// What has changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Nodes that are new or have other properties, by their tables.
    pub(super) nodes: HashMap<String, BTreeSet<String>>,
    /// New edges, by their tables: child and parent.
    pub(super) edges: HashMap<String, Vec<(String, String)>>,
    /// Nodes that had other properties or are gone, by their tables.
    pub(super) old_nodes: HashMap<String, BTreeSet<String>>,
    /// Edges that are gone. Of which table is not written down.
    pub(super) old_edges: Vec<(String, String)>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.edges.is_empty()
            && self.old_nodes.is_empty()
            && self.old_edges.is_empty()
    }

    /// The nodes of a table that are new or other.
    pub(super) fn of_table(&self, table: &str) -> impl Iterator<Item = &String> {
        self.nodes.get(table).into_iter().flatten()
    }

    /// Where a link begins that is new or gone. Ends of other links that are gone may be among them.
    pub(super) fn beginnings(&self, hop: &Hop) -> impl Iterator<Item = &String> {
        let is_child = hop.near == "src_id";
        let new = self.edges.get(&hop.edge).into_iter().flatten();
        new.chain(&self.old_edges).map(move |(child, parent)| if is_child { child } else { parent })
    }
}

/// Tables of nodes and of edges.
#[derive(Debug, Default)]
struct Tables {
    nodes: BTreeSet<String>,
    edges: BTreeSet<String>,
}

/// Whether a row was written by the transaction `from` or a later one. Numbers of rows have 32 bits, so the
/// distance to the next transaction is compared.
fn is_new(alias: &str, from: i64, next: i64) -> Sql {
    let head = Sql::raw("((").number(next & 0xffff_ffff).text(" - ").then(Sql::column(alias, "xmin"));
    let distance = head.text("::text::bigint) & 4294967295) <= ");
    distance.number(next.saturating_sub(from))
}

/// Reads what transactions from the number `from` on have changed; none if it is very much, or projects have
/// other names.
pub(super) async fn read(
    program: &Program,
    connection: &mut PgConnection,
    from: i64,
) -> Result<Option<Changes>, sqlx::Error> {
    let next: i64 = sqlx::query_scalar("select txid_snapshot_xmax(txid_current_snapshot())")
        .fetch_one(&mut *connection)
        .await?;
    if next.saturating_sub(from) >= 1 << 31 || renamed(program, connection, from, next).await? {
        return Ok(None);
    }
    let tables = tables(program);
    let mut changes = Changes::default();
    let rows = statement(&tables, from, next).query_once().fetch_all(connection).await?;
    if i64::try_from(rows.len()).is_ok_and(|rows| rows > MOST) {
        return Ok(None);
    }
    for row in rows {
        let (kind, table): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        let (one, other): (String, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
        match (kind, other) {
            (0, _) => {
                changes.nodes.entry(table).or_default().insert(one);
            }
            (1, Some(other)) => changes.edges.entry(table).or_default().push((one, other)),
            (2, _) => {
                changes.old_nodes.entry(node_table(&table)).or_default().insert(one);
            }
            (_, Some(other)) => changes.old_edges.push((one, other)),
            _ => {}
        }
    }
    Ok(Some(changes))
}

fn statement(tables: &Tables, from: i64, next: i64) -> Sql {
    let mut parts = Vec::new();
    for table in &tables.nodes {
        let head =
            Sql::raw("select 0 as k, ").literal(table).text("::text as t, n.\"node_id\" as a, null::text");
        let from_table = head.text(" as b from ").then_ident(table).text(" n where ");
        parts.push(from_table.then(is_new("n", from, next)));
    }
    for table in &tables.edges {
        let head = Sql::raw("select 1, ").literal(table).text("::text, n.\"src_id\", n.\"dst_id\" from ");
        parts.push(head.then_ident(table).text(" n where ").then(is_new("n", from, next)));
    }
    let nodes = Sql::raw("select 2, n.label, n.node_id, null::text from _voided_nodes n where ");
    parts.push(nodes.then(is_new("n", from, next)));
    let edges = Sql::raw("select 3, n.label, n.src_id, n.dst_id from _voided_edges n where ");
    parts.push(edges.then(is_new("n", from, next)));
    Sql::join(" union all ", parts).text(" limit ").number(MOST + 1)
}

/// Whether a program or project has another name, or is gone: resource paths depend on them everywhere.
async fn renamed(
    program: &Program,
    connection: &mut PgConnection,
    from: i64,
    next: i64,
) -> Result<bool, sqlx::Error> {
    let hop = &program.projects.program;
    let one = |label: &str, table: &str, property: &str| {
        let now = |sql: Sql| sql.text("._props ->> ").literal(property);
        let head = Sql::raw("exists (select from _voided_nodes v left join ").then_ident(table);
        let joined =
            head.text(" n on n.\"node_id\" = v.node_id where v.label = ").literal(label).text(" and ");
        let new = joined.then(is_new("v", from, next)).text(" and ").then(now(Sql::raw("n")));
        new.text(" is distinct from v.properties ->> ").literal(property).text(")")
    };
    let project = one("project", &program.projects.table, "code");
    let sql = Sql::raw("select ").then(project).text(" or ").then(one(&hop.node, &hop.table, "name"));
    sql.query_once().fetch_one(connection).await?.try_get(0)
}

fn tables(program: &Program) -> Tables {
    let mut tables = Tables::default();
    tables.nodes.insert(program.projects.table.clone());
    tables.hops(std::slice::from_ref(&program.projects.program));
    for index in &program.indices {
        match &index.body {
            Body::Aggregator(body) => {
                tables.nodes.insert(body.table.clone());
                paths(body).iter().for_each(|path| tables.hops(path));
                for join in &body.joins {
                    if let JoinWay::Below { walk, leaves } = &join.way {
                        tables.walk(walk);
                        tables.nodes.extend(leaves.iter().map(|leaf| leaf.table.clone()));
                    }
                }
            }
            Body::Collector(body) => {
                tables.walk(&body.walk);
                tables.nodes.extend(body.leaves.iter().map(|leaf| leaf.table.clone()));
                tables.nodes.extend(body.injected.iter().map(|injected| injected.table.clone()));
            }
        }
    }
    tables
}

impl Tables {
    fn hops(&mut self, hops: &[Hop]) {
        for hop in hops {
            self.edges.insert(hop.edge.clone());
            self.nodes.insert(hop.table.clone());
        }
    }

    fn walk(&mut self, walk: &Walk) {
        self.edges.extend(walk.steps.iter().flat_map(|(_, hops)| hops).map(|hop| hop.edge.clone()));
    }
}

/// All paths that an aggregator goes along.
pub(super) fn paths(body: &crate::ir::Aggregator) -> Vec<Vec<Hop>> {
    let mut paths: Vec<Vec<Hop>> = Vec::new();
    let levels =
        |levels: &[(Hop, Vec<crate::ir::Column>)]| levels.iter().map(|(hop, _)| hop.clone()).collect();
    paths.extend(body.parents.iter().map(|block| levels(&block.levels)));
    paths.extend(body.flatten.iter().map(|block| vec![block.hop.clone()]));
    paths.extend(body.counts.iter().map(|block| block.hops.clone()));
    paths.extend(body.folds.iter().chain(&body.hidden).map(|block| block.hops.clone()));
    nested(&[], &body.nested, &mut paths);
    paths
}

fn nested(before: &[Hop], blocks: &[Nested], paths: &mut Vec<Vec<Hop>>) {
    for block in blocks {
        let path = [before, &block.hops].concat();
        nested(&path, &block.inner, paths);
        paths.push(path);
    }
}
