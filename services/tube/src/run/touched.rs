//! Which roots have other documents after a change of the graph: those from which the paths of the mapping
//! lead to something that has changed, found by going the paths backwards.
//!
//! Where a path is cut, its beginning is still there, and the node before the cut is an end of an edge that
//! is gone. Where a root itself is gone, the history has it.

use std::collections::{BTreeMap, BTreeSet};

use psqlgraph::names::node_table;
use sql::Sql;
use sqlx::{PgConnection, Row as _};

use super::{
    changes::{Changes, paths},
    projects::Known,
    walks::walk,
};
use crate::{
    ir::{Aggregator, Body, Collector, Hop, Index, JoinWay, Program, Walk},
    plan,
};

/// Ids of roots.
pub(super) type Touched = BTreeSet<String>;

/// The roots of an index that have to be made anew, the gone ones among them; none if that cannot be told
/// from links, because values of other documents are joined.
pub(super) async fn of(
    index: &Index,
    program: &Program,
    changes: &Changes,
    known: &Known,
    connection: &mut PgConnection,
) -> Result<Option<Touched>, sqlx::Error> {
    match &index.body {
        Body::Aggregator(body) => {
            if body.joins.iter().any(|join| matches!(join.way, JoinWay::Keys(_))) {
                return Ok(changes.is_empty().then(Touched::new));
            }
            let mut touched = aggregator(body, changes, connection).await?;
            let new = changes.of_table(&program.projects.table);
            let ids: Vec<String> =
                new.flat_map(|node| known.of_node(node)).map(|project| project.id()).collect();
            if !ids.is_empty() {
                touched.extend(named(&body.table, ids, connection).await?);
            }
            Ok(Some(touched))
        }
        Body::Collector(body) => Ok(Some(collector(body, changes, connection).await?)),
    }
}

async fn aggregator(
    body: &Aggregator,
    changes: &Changes,
    connection: &mut PgConnection,
) -> Result<Touched, sqlx::Error> {
    let mut touched: Touched = changes.of_table(&body.table).cloned().collect();
    touched.extend(changes.old_nodes.get(&body.table).into_iter().flatten().cloned());
    for path in distinct(paths(body)) {
        let mut near = BTreeSet::new();
        for hop in path.iter().rev() {
            let mut far: BTreeSet<String> = near;
            far.extend(changes.of_table(&hop.table).cloned());
            near = before(hop, far, connection).await?;
            near.extend(changes.beginnings(hop).cloned());
        }
        touched.extend(near);
    }
    for join in &body.joins {
        let JoinWay::Below { walk, leaves } = &join.way else { continue };
        let Some((root, _)) = walk.steps.first() else { continue };
        let types: Vec<&str> = leaves.iter().map(|leaf| leaf.node.as_str()).collect();
        touched.extend(backwards(walk, &types, changes, connection).await?.remove(root).unwrap_or_default());
    }
    Ok(touched)
}

/// Paths that are no beginning of another one.
fn distinct(mut paths: Vec<Vec<Hop>>) -> Vec<Vec<Hop>> {
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    let mut kept: Vec<Vec<Hop>> = Vec::new();
    for path in paths {
        if !kept.iter().any(|longer| longer.starts_with(&path)) {
            kept.push(path);
        }
    }
    kept
}

/// From where the hop leads to these nodes.
async fn before(
    hop: &Hop,
    far: BTreeSet<String>,
    connection: &mut PgConnection,
) -> Result<BTreeSet<String>, sqlx::Error> {
    if far.is_empty() {
        return Ok(BTreeSet::new());
    }
    let back = Hop { near: hop.far, far: hop.near, ..hop.clone() };
    let sql = plan::steps(&[back], far.into_iter().collect());
    sql.query().fetch_all(connection).await?.iter().map(|row| row.try_get(2)).collect()
}

/// Roots that name one of these projects.
async fn named(
    table: &str,
    projects: Vec<String>,
    connection: &mut PgConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let head = Sql::raw("select n.\"node_id\" from ").then_ident(table);
    let sql = head.text(" n where n._props ->> 'project_id' = any(").bind(projects).text(")");
    sql.scalar().fetch_all(connection).await
}

async fn collector(
    body: &Collector,
    changes: &Changes,
    connection: &mut PgConnection,
) -> Result<Touched, sqlx::Error> {
    let mut types: Vec<&str> = body.injected.iter().map(|injected| injected.node.as_str()).collect();
    types.extend(["project", "program"]);
    let mut reached = backwards(&body.walk, &types, changes, connection).await?;
    let mut touched = Touched::new();
    for leaf in &body.leaves {
        touched.extend(reached.remove(&leaf.node).unwrap_or_default());
        touched.extend(changes.of_table(&leaf.table).cloned());
        touched.extend(changes.old_nodes.get(&leaf.table).into_iter().flatten().cloned());
    }
    Ok(touched)
}

/// What the walk comes from, by type, when it leads to a changed node of one of `types` or over a changed
/// link.
async fn backwards(
    forwards: &Walk,
    types: &[&str],
    changes: &Changes,
    connection: &mut PgConnection,
) -> Result<BTreeMap<String, BTreeSet<String>>, sqlx::Error> {
    let mut starts: BTreeSet<(String, String)> = BTreeSet::new();
    for node in types {
        let table = node_table(node);
        let changed = changes.of_table(&table);
        starts.extend(changed.map(|id| ((*node).to_owned(), id.clone())));
    }
    for (node, hops) in &forwards.steps {
        let begun = hops.iter().flat_map(|hop| changes.beginnings(hop));
        starts.extend(begun.map(|id| (node.clone(), id.clone())));
    }
    if starts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let starts = starts.into_iter().map(|(node, id)| (node, id, 0));
    let reached = walk(&reversed(forwards), starts, connection).await?;
    let ids = |(node, ids): (String, std::collections::HashMap<String, BTreeSet<u32>>)| {
        (node, ids.into_keys().collect())
    };
    Ok(reached.into_iter().map(ids).collect())
}

fn reversed(walk: &Walk) -> Walk {
    let mut steps: Vec<(String, Vec<Hop>)> = Vec::new();
    for (node, hops) in walk.steps.iter().rev() {
        for hop in hops {
            let back = Hop { near: hop.far, far: hop.near, node: node.clone(), ..hop.clone() };
            match steps.iter_mut().find(|(from, _)| *from == hop.node) {
                Some((_, all)) => all.push(back),
                None => steps.push((hop.node.clone(), vec![back])),
            }
        }
    }
    Walk { steps }
}
