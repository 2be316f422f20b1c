//! Reading records with the targets of their links, a statement a node type.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::{Dictionary, Link, NodeType};
use futures_util::{Stream, TryStreamExt as _};
use psqlgraph::{
    names::{edge_table, node_table},
    nodes::{EdgeTable, End},
};
use serde_json::{Map, Value};
use sql::{Condition, Order, Select, Sql};
use sqlx::{PgConnection, Row as _, postgres::PgRow, types::Json};

use crate::{
    Error,
    export::{Record, Target},
    store::nodes::edges_at,
};

/// What to read of a node type: its links, each with the property of the target that names it.
pub(crate) struct Source<'a> {
    pub node: &'a NodeType,
    pub links: Vec<(&'a Link, &'a str)>,
}

impl Source<'_> {
    fn select(&self) -> Select {
        let mut select = Select::from(Sql::ident(&node_table(&self.node.id)).text(" n"));
        select.column(Sql::column("n", "node_id"), "node_id");
        select.column(Sql::raw("coalesce(n._props, '{}')"), "props");
        let links = Sql::join(", ", self.links.iter().map(|(link, key)| targets(&self.node.id, link, key)));
        select.column(Sql::raw("jsonb_build_array(").then(links).text(")"), "links");
        select.order_by(Sql::raw("n.created"), Order::Ascending);
        select.order_by(Sql::column("n", "node_id"), Order::Ascending);
        select
    }

    /// All records of the type in a project, as they come from the database.
    pub(crate) fn of_project(&self, project_id: &str) -> Sql {
        let mut select = self.select();
        select.filter(Condition::equals(Sql::property("n", "project_id"), project_id));
        select.sql()
    }

    /// The records with these ids; of one project only, if one is given.
    pub(crate) async fn by_ids(
        &self,
        connection: &mut PgConnection,
        ids: Vec<String>,
        project_id: Option<&str>,
    ) -> Result<Vec<Record>, Error> {
        let mut select = self.select();
        select.filter(Condition::any(Sql::column("n", "node_id"), ids));
        if let Some(project_id) = project_id {
            select.filter(Condition::equals(Sql::property("n", "project_id"), project_id));
        }
        let rows = select.sql().query().fetch_all(connection).await?;
        rows.iter().map(record).collect::<Result<_, _>>().map_err(Error::from)
    }
}

/// `[[node_id, key], ...]` of a link's targets.
fn targets(source: &str, link: &Link, key: &str) -> Sql {
    Sql::raw("(select coalesce(jsonb_agg(jsonb_build_array(d.node_id, d._props -> ")
        .literal(key)
        .text(") order by e.created, d.node_id), '[]') from ")
        .then_ident(&edge_table(source, &link.label, &link.target_type))
        .text(" e join ")
        .then_ident(&node_table(&link.target_type))
        .text(" d on d.node_id = e.dst_id where e.src_id = n.node_id)")
}

fn record(row: &PgRow) -> Result<Record, sqlx::Error> {
    let props: Json<Map<String, Value>> = row.try_get("props")?;
    let links: Json<Vec<Vec<(String, Value)>>> = row.try_get("links")?;
    let targets = |targets: Vec<(String, Value)>| targets.into_iter().map(|(id, key)| Target { id, key }).collect();
    Ok(Record {
        id: row.try_get("node_id")?,
        props: props.0,
        links: links.0.into_iter().map(targets).collect(),
    })
}

/// Runs a statement of [`Source::of_project`] and gives its records one by one.
pub(crate) fn stream(
    connection: &mut PgConnection,
    query: Sql,
) -> impl Stream<Item = Result<Record, sqlx::Error>> {
    query.query().fetch(connection).and_then(async |row| record(&row))
}

/// Adds all records below `found` (node type to ids), that is, those that link to them directly or through
/// others, as far as they are of one of `categories`. Stops above `limit` records.
pub(crate) async fn add_descendants(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    found: &mut BTreeMap<String, BTreeSet<String>>,
    categories: Option<&[&str]>,
    limit: usize,
) -> Result<(), Error> {
    let mut seen = found.clone();
    let mut level = found.clone();
    while !level.is_empty() {
        let mut next: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (label, ids) in &level {
            let backlinks = dictionary.nodes.get(label).into_iter().flat_map(|node| &node.backlinks);
            for (source, link) in backlinks {
                let table = EdgeTable::of(source, &link.label, label);
                let edges =
                    edges_at(connection, &table, End::Destination, ids.iter().cloned().collect()).await?;
                let known = seen.entry(source.clone()).or_default();
                let children = edges.into_iter().map(|(child, _)| child).filter(|child| known.insert(child.clone()));
                next.entry(source.clone()).or_default().extend(children);
            }
        }
        next.retain(|_, ids| !ids.is_empty());
        for (label, ids) in &next {
            if is_wanted(dictionary, label, categories) {
                found.entry(label.clone()).or_default().extend(ids.iter().cloned());
            }
        }
        if seen.values().map(BTreeSet::len).sum::<usize>() > limit {
            return Ok(());
        }
        level = next;
    }
    Ok(())
}

fn is_wanted(dictionary: &Dictionary, label: &str, categories: Option<&[&str]>) -> bool {
    let category = dictionary.nodes.get(label).map(|node| node.category.0.as_str()).unwrap_or_default();
    categories.is_none_or(|categories| categories.contains(&category))
}
