//! Reads some records with the targets of their links, with one statement for each node type.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::{Dictionary, Link, NodeType};
use psqlgraph::{
    names::{edge_table, node_table},
    nodes::{EdgeTable, End},
};
use serde_json::{Map, Value};
use sql::{Condition, Order, Select, Sql};
use sqlx::{PgConnection, PgPool, Postgres, Row as _, Transaction, postgres::PgRow, types::Json};

use super::{
    nodes::{edges_at, labels_of_ids},
    projects::membership,
};
use crate::{
    Error,
    auth::ReadPermit,
    model::record::{LinkTarget, StoredRecord},
};

/// A transaction in which all statements see the same records: answers made of several statements, one a node
/// type, show either all or nothing of a submission. Very many records are read in a
/// [`Snapshot`](super::snapshot::Snapshot).
pub(crate) async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Error> {
    Ok(pool.begin_with("begin isolation level repeatable read read only").await?)
}

/// The records of a node type with their links, each with the property by which its targets are named.
pub(crate) struct RecordQuery<'a> {
    pub node: &'a NodeType,
    pub links: Vec<(&'a Link, &'a str)>,
}

impl RecordQuery<'_> {
    /// `which` says which records of `n` there are; for the links they have to be said again, of `s`.
    fn select(&self, which: impl Fn(&'static str) -> Condition) -> Sql {
        let (mut from, mut targets) = (Sql::ident(&node_table(&self.node.id)).text(" n"), Vec::new());
        for (number, (link, key)) in self.links.iter().enumerate() {
            let alias = sql::alias("l", number);
            from = from.text(" left join (").then(self.targets(link, key, which("s"))).text(") ");
            from = from.then_alias(&alias).text(" on ").then(Sql::column(&alias, "src_id"));
            from = from.text(" = n.node_id");
            targets.push(Sql::raw("coalesce(").then(Sql::column(&alias, "targets")).text(", '[]')"));
        }
        let mut select = Select::from(from);
        select.column(Sql::column("n", "node_id"), "node_id");
        select.column(Sql::raw("coalesce(n._props, '{}')"), "props");
        select.column(Sql::raw("jsonb_build_array(").then(Sql::join(", ", targets)).text(")"), "links");
        select.filter(which("n"));
        select.order_by(Sql::raw("n.created"), Order::Ascending);
        // Records of one request have the same time.
        select.order_by(Sql::property("n", "submitter_id"), Order::Ascending);
        select.order_by(Sql::column("n", "node_id"), Order::Ascending);
        select.sql()
    }

    /// `[[node_id, key], ...]` of a link's targets, for each source that has some.
    fn targets(&self, link: &Link, key: &str, which: Condition) -> Sql {
        let from = Sql::ident(&node_table(&self.node.id))
            .text(" s join ")
            .then_ident(&edge_table(&self.node.id, &link.label, &link.target_type))
            .text(" e on e.src_id = s.node_id join ")
            .then_ident(&node_table(&link.target_type))
            .text(" d on d.node_id = e.dst_id");
        let mut select = Select::from(from);
        select.column(Sql::raw("e.src_id"), "src_id");
        let targets = Sql::raw("jsonb_agg(jsonb_build_array(d.node_id, d._props -> ")
            .literal(key)
            .text(") order by d.created, d._props ->> ")
            .literal(key)
            .text(", d.node_id)");
        select.column(targets, "targets");
        select.filter(which);
        select.sql().text(" group by e.src_id")
    }

    /// The records with `ids` in the project, which are few: very many come by
    /// [`Windows`](super::windows::Windows).
    ///
    /// ```sql
    /// select n."node_id" as "node_id", coalesce(n._props, '{}') as "props",
    ///     jsonb_build_array(coalesce(l0."targets", '[]')) as "links"
    /// from "node_case" n left join (
    ///     select e.src_id as "src_id", jsonb_agg(
    ///         jsonb_build_array(d.node_id, d._props -> 'submitter_id') order by ...) as "targets"
    ///     from "node_case" s
    ///     join "edge_casememberofstudy" e on e.src_id = s.node_id
    ///     join "node_study" d on d.node_id = e.dst_id
    ///     where s._props ->> 'project_id' = $1 and s."node_id" = any($2) group by e.src_id
    /// ) l0 on l0."src_id" = n.node_id
    /// where n._props ->> 'project_id' = $3 and n."node_id" = any($4)
    /// order by n.created, n._props ->> 'submitter_id', n."node_id"
    /// ```
    pub(crate) async fn in_project(
        &self,
        connection: &mut PgConnection,
        permit: &ReadPermit,
        ids: &[String],
    ) -> Result<Vec<StoredRecord>, Error> {
        all(connection, self.of_project(&permit.project_id(), ids)).await
    }

    fn of_project(&self, project_id: &str, ids: &[String]) -> Sql {
        self.select(|alias| {
            let of_project = Condition::equals(Sql::property(alias, "project_id"), project_id);
            of_project.and(Condition::any(Sql::column(alias, "node_id"), ids.to_vec()))
        })
    }

    /// The records with these ids, of any project. The caller shows none before it knows who may read it.
    pub(crate) async fn by_ids(
        &self,
        connection: &mut PgConnection,
        ids: Vec<String>,
    ) -> Result<Vec<StoredRecord>, Error> {
        let query = self.select(|alias| Condition::any(Sql::column(alias, "node_id"), ids.clone()));
        all(connection, query).await
    }
}

async fn all(connection: &mut PgConnection, query: Sql) -> Result<Vec<StoredRecord>, Error> {
    let rows = query.query().fetch_all(connection).await?;
    rows.iter().map(record).collect::<Result<_, _>>().map_err(Error::from)
}

fn record(row: &PgRow) -> Result<StoredRecord, sqlx::Error> {
    let props: Json<Map<String, Value>> = row.try_get("props")?;
    let links: Json<Vec<Vec<(String, Value)>>> = row.try_get("links")?;
    let targets =
        |targets: Vec<(String, Value)>| targets.into_iter().map(|(id, key)| LinkTarget { id, key }).collect();
    Ok(StoredRecord {
        id: row.try_get("node_id")?,
        props: props.0,
        links: links.0.into_iter().map(targets).collect(),
    })
}

/// Those of `ids` (by node type) that are in the project, in the order of the dictionary. One statement
/// for each type.
///
/// ```sql
/// select node_id from "node_case" where node_id = any($1) and _props ->> 'project_id' = $2
/// ```
pub(crate) async fn in_project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    permit: &ReadPermit,
    ids: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let project_id = permit.project_id();
    let mut found = Vec::new();
    for label in dictionary.nodes.keys() {
        let Some(ids) = ids.get(label).filter(|ids| !ids.is_empty()) else { continue };
        let query = Sql::raw("select node_id from ")
            .then_ident(&node_table(label))
            .text(" where node_id = any(")
            .bind(ids.iter().cloned().collect::<Vec<String>>())
            .text(") and _props ->> 'project_id' = ")
            .bind(project_id.as_str());
        let ids: Vec<String> = query.scalar().fetch_all(&mut *connection).await?;
        if !ids.is_empty() {
            found.push((label.clone(), ids));
        }
    }
    Ok(found)
}

/// The ids, by the node types that have them.
pub(crate) async fn types_of(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    ids: &[String],
) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, labels) in labels_of_ids(connection, dictionary, ids).await? {
        for label in labels {
            types.entry(label).or_default().insert(id.clone());
        }
    }
    Ok(types)
}

/// The names of the programs of projects, by the projects' node ids.
///
/// ```sql
/// select e.src_id, g._props ->> 'name' as name
/// from "edge_projectmemberofprogram" e join node_program g on g.node_id = e.dst_id
/// where g._props ->> 'name' is not null and e.src_id = any($1)
/// ```
pub(crate) async fn programs_of(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    projects: Vec<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let query = Sql::raw("select e.src_id, g._props ->> 'name' as name from ")
        .then_ident(&membership(dictionary)?)
        .text(" e join node_program g on g.node_id = e.dst_id where g._props ->> 'name' is not null and ")
        .text("e.src_id = any(")
        .bind(projects)
        .text(")");
    let rows = query.query().fetch_all(connection).await?;
    let names = rows.iter().map(|row| Ok((row.try_get("src_id")?, row.try_get("name")?)));
    names.collect::<Result<_, sqlx::Error>>().map_err(Error::from)
}

/// Adds all records below `found` (node type to ids), that is, those that link to them directly or through
/// others, as far as they are of one of `categories`. Stops above `limit` records.
pub(crate) async fn add_descendants(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    found: &mut BTreeMap<String, BTreeSet<String>>,
    categories: Option<&[String]>,
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
                let children = edges.into_iter().map(|edge| edge.source);
                let children = children.filter(|child| known.insert(child.clone()));
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

fn is_wanted(dictionary: &Dictionary, label: &str, categories: Option<&[String]>) -> bool {
    let category = dictionary.nodes.get(label).map(|node| node.category.0.as_str()).unwrap_or_default();
    categories.is_none_or(|categories| categories.iter().any(|wanted| wanted == category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_with_their_links_in_one_statement() {
        let dictionary = crate::testing::dictionary();
        let node = &dictionary.nodes["sample"];
        let links = node.all_links().into_iter().map(|link| (link, "submitter_id")).collect();
        let query = RecordQuery { node, links };
        insta::assert_snapshot!(query.of_project("P-Q", &["id".to_owned()]).render().0);
    }
}
