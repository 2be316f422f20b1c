//! Looks up nodes and edges, with one statement for each table.

use std::collections::{BTreeMap, HashMap};

use dictionary::Dictionary;
use psqlgraph::{
    names::node_table,
    nodes::{Edge, EdgeTable, End},
};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, types::Json};

use crate::{
    Error,
    auth::Permitted,
    model::lookup::{EdgeLookup, Edges, Hit, Neighbours, NodeColumns, NodeLookup, Shown, Via},
};

/// Finds nodes by id and by unique key (without regard to case). One statement for each node type.
/// It finds nodes of other projects too; the caller refuses them.
pub(crate) async fn find(
    connection: &mut PgConnection,
    _: &Permitted,
    wanted: BTreeMap<String, NodeLookup>,
    columns: NodeColumns,
) -> Result<BTreeMap<String, Vec<Hit>>, Error> {
    let mut found = BTreeMap::new();
    for (label, wanted) in wanted {
        let Some(query) = find_query(&label, wanted, columns) else { continue };
        let rows = query.query().fetch_all(&mut *connection).await?;
        let hits = rows.into_iter().map(|row| {
            let props: Json<Map<String, Value>> = row.try_get("props")?;
            let via: i64 = row.try_get("via")?;
            let position: i64 = row.try_get("position")?;
            Ok(Hit {
                position: usize::try_from(position).unwrap_or_default(),
                via: usize::try_from(via).map_or(Via::Id, Via::Key),
                node_id: row.try_get("node_id")?,
                props: props.0,
                shown: Shown::Openly,
            })
        });
        found.insert(label, hits.collect::<Result<Vec<_>, sqlx::Error>>()?);
    }
    Ok(found)
}

/// `via` is -1 for an id, otherwise the number of the key tuple. `None` when there is nothing to look up.
///
/// ```sql
/// select k.position, -1::bigint as via, n.node_id, n._props as props
/// from unnest($1, $2) as k (position, id)
/// join "node_case" n on n.node_id = k.id
/// union all
/// select k.position, 0::bigint as via, n.node_id, n._props as props
/// from unnest($3, $4, $5) as k (position, k0, k1)
/// join "node_case" n
///     on lower(n._props ->> 'project_id') = lower(k.k0)
///     and lower(n._props ->> 'submitter_id') = lower(k.k1)
/// ```
fn find_query(label: &str, wanted: NodeLookup, columns: NodeColumns) -> Option<Sql> {
    let columns = || match columns {
        NodeColumns::All => Sql::raw(", n.node_id, n._props as props from "),
        NodeColumns::Project => Sql::raw(
            ", n.node_id, jsonb_build_object( \
             'project_id', n._props -> 'project_id', 'code', n._props -> 'code') as props from ",
        ),
    };
    let mut parts = Vec::new();
    if !wanted.ids.is_empty() {
        let (positions, ids): (Vec<i64>, Vec<String>) =
            wanted.ids.into_iter().map(|(position, id)| (signed(position), id)).unzip();
        let part = Sql::raw("select k.position, -1::bigint as via")
            .then(columns())
            .text("unnest(")
            .bind(positions)
            .text(", ")
            .bind(ids)
            .text(") as k (position, id) join ")
            .then_ident(&node_table(label))
            .text(" n on n.node_id = k.id");
        parts.push(part);
    }
    for (number, keys) in wanted.keys.into_iter().enumerate().filter(|(_, keys)| !keys.values.is_empty()) {
        let positions: Vec<i64> = keys.values.iter().map(|(position, _)| signed(*position)).collect();
        let mut part = Sql::raw("select k.position, ").number(signed(number)).text("::bigint as via");
        part = part.then(columns()).text("unnest(").bind(positions);
        for member in 0..keys.members.len() {
            let values = keys.values.iter().map(|(_, values)| values[member].clone());
            part = part.text(", ").bind(values.collect::<Vec<String>>());
        }
        part = part.text(") as k (position");
        for member in 0..keys.members.len() {
            part = part.text(", ").then_alias(&sql::alias("k", member));
        }
        part = part.text(") join ").then_ident(&node_table(label)).text(" n on ");
        let conditions = keys.members.iter().enumerate().map(|(member, name)| {
            Sql::raw("lower(")
                .then(Sql::property("n", name))
                .text(") = lower(k.")
                .then_alias(&sql::alias("k", member))
                .text(")")
        });
        parts.push(part.then(Sql::join(" and ", conditions)));
    }
    (!parts.is_empty()).then(|| Sql::join(" union all ", parts))
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The types of all nodes that have one of `ids`. One statement over all node tables.
pub(crate) async fn labels_of_ids(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    ids: &[String],
) -> Result<HashMap<String, Vec<String>>, Error> {
    let mut labels: HashMap<String, Vec<String>> = HashMap::new();
    if ids.is_empty() {
        return Ok(labels);
    }
    for row in labels_query(dictionary, ids).query().fetch_all(connection).await? {
        labels.entry(row.try_get("node_id")?).or_default().push(row.try_get("label")?);
    }
    Ok(labels)
}

/// One parameter for all tables, and an array, so that each table is asked by its primary key.
///
/// ```sql
/// with wanted as materialized (select $1::text[] as ids)
/// select 'case'::text as label, node_id from "node_case"
/// where node_id = any((select ids from wanted)::text[])
/// union all ...
/// ```
fn labels_query(dictionary: &Dictionary, ids: &[String]) -> Sql {
    let tables = dictionary.nodes.keys().map(|label| {
        Sql::raw("select ")
            .literal(label)
            .text("::text as label, node_id from ")
            .then_ident(&node_table(label))
            .text(" where node_id = any((select ids from wanted)::text[])")
    });
    Sql::raw("with wanted as materialized (select ")
        .bind(ids.to_vec())
        .text("::text[] as ids) ")
        .then(Sql::join(" union all ", tables))
}

/// The edges that exist. At most two statements for each edge table.
pub(crate) async fn edges(
    connection: &mut PgConnection,
    wanted: BTreeMap<EdgeTable, EdgeLookup>,
) -> Result<Edges, Error> {
    let mut edges = Edges::default();
    for (table, wanted) in wanted {
        let of_sources: Vec<String> = wanted.of_sources.into_iter().collect();
        let mut destinations = Neighbours::new();
        for edge in edges_at(connection, &table, End::Source, of_sources).await? {
            destinations.entry(edge.source).or_default().push(edge.destination);
        }
        let of_destinations: Vec<String> = wanted.of_destinations.into_iter().collect();
        let mut sources = Neighbours::new();
        for edge in edges_at(connection, &table, End::Destination, of_destinations).await? {
            sources.entry(edge.destination).or_default().push(edge.source);
        }
        edges.destinations.insert(table.clone(), destinations);
        edges.sources.insert(table, sources);
    }
    Ok(edges)
}

/// The edges that have one of `ids` at `end`, roughly in the order in which they were made (the order that
/// the original's answers have, too).
///
/// ```sql
/// select src_id, dst_id from "edge_casememberofstudy" where src_id = any($1) order by ctid
/// ```
pub(crate) async fn edges_at(
    connection: &mut PgConnection,
    table: &EdgeTable,
    end: End,
    ids: Vec<String>,
) -> Result<Vec<Edge>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = Sql::raw("select src_id, dst_id from ")
        .then_ident(&table.name)
        .text(match end {
            End::Source => " where src_id = any(",
            End::Destination => " where dst_id = any(",
        })
        .bind(ids)
        .text(") order by ctid");
    let rows = query.query().fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| Ok(Edge { source: row.try_get("src_id")?, destination: row.try_get("dst_id")? }))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dictionary;

    #[test]
    fn nodes_are_found_by_id_and_by_key_in_one_statement() {
        let dictionary = dictionary();
        let mut wanted = NodeLookup::of(&dictionary.nodes["case"]);
        wanted.ids.push((0, "id".to_owned()));
        wanted.keys[0].values.push((1, vec!["P-Q".to_owned(), "C".to_owned()]));
        for columns in [NodeColumns::All, NodeColumns::Project] {
            let query = find_query("case", wanted.clone(), columns).unwrap();
            insta::assert_snapshot!(format!("find_{columns:?}"), query.render().0);
        }
    }

    #[test]
    fn types_of_ids_are_found_in_one_statement() {
        insta::assert_snapshot!(labels_query(&dictionary(), &["id".to_owned()]).render().0);
    }
}
