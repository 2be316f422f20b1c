//! Reads very many records with the targets of their links: the records through a cursor, a window at a time,
//! and for each window the targets of each link with one statement.
//!
//! Nothing is sorted or grouped by the database, which would cost it more than all the reading; what is shown
//! for a record is put together here.

use std::{cmp::Ordering, collections::HashMap};

use chrono::{DateTime, Utc};
use dictionary::Link;
use psqlgraph::names::{edge_table, node_table};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, postgres::PgRow, types::Json};

use super::export::RecordQuery;
use crate::{
    Error,
    auth::ReadPermit,
    model::record::{LinkTarget, StoredRecord},
};

/// Rows of the first window: few, so that its reader does not wait.
const FIRST: usize = 20;
/// A window is at most this many times as long as the one before.
const GROWTH: usize = 10;
/// Rows of the longest window.
const LONGEST: usize = 5000;
/// About so many bytes a window has at most, by the records of the window before.
const BYTES: usize = 8 << 20;

/// Records of a type that are read a window at a time, in the transaction in which it was opened.
pub(crate) struct Windows<'a> {
    query: RecordQuery<'a>,
    length: usize,
    is_over: bool,
}

/// Some records as they came.
pub(crate) struct Window {
    rows: Vec<PgRow>,
    /// For each link the targets, by the ids of their sources.
    targets: Vec<HashMap<String, Vec<Target>>>,
}

struct Target {
    created: DateTime<Utc>,
    target: LinkTarget,
}

impl Target {
    /// The older first, then by key. Few records have several targets, so that this is done here.
    fn order(&self, other: &Self) -> Ordering {
        let key = |target: &Self| target.target.key.as_str().map(str::to_owned);
        let by_key = || key(self).cmp(&key(other));
        let by_id = || self.target.id.cmp(&other.target.id);
        self.created.cmp(&other.created).then_with(by_key).then_with(by_id)
    }
}

impl<'a> Windows<'a> {
    /// All records of the type in the project, or those with `ids`. They come in the order in which they are
    /// stored, which is that of their creation as long as they are not changed; those of one submission are
    /// written by key.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn open(
        connection: &mut PgConnection,
        query: RecordQuery<'a>,
        permit: &ReadPermit,
        ids: Option<&[String]>,
    ) -> Result<Self, Error> {
        let declare = declare(&query.node.id, &permit.project_id(), ids);
        declare.query_once().execute(connection).await?;
        Ok(Self { query, length: FIRST, is_over: false })
    }

    /// The next records; `None` after the last ones.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn next(&mut self, connection: &mut PgConnection) -> Result<Option<Window>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let rows = fetch(self.length).query_once().fetch_all(&mut *connection).await?;
        self.is_over = rows.len() < self.length;
        if self.is_over {
            sqlx::query("close records").persistent(false).execute(&mut *connection).await?;
        }
        let sizes = rows.iter().map(|row| Ok(row.try_get_raw("props")?.as_bytes().map_or(0, <[u8]>::len)));
        let bytes: usize = sizes.sum::<Result<_, sqlx::Error>>()?;
        let fitting = BYTES / (bytes / rows.len().max(1)).max(1);
        self.length = (self.length * GROWTH).min(LONGEST).min(fitting.max(1));
        let ids: Vec<String> = rows.iter().map(|row| row.try_get("node_id")).collect::<Result<_, _>>()?;
        let mut targets = Vec::new();
        for (link, key) in &self.query.links {
            targets.push(self.targets(connection, link, key, ids.clone()).await?);
        }
        Ok(Some(Window { rows, targets }))
    }

    async fn targets(
        &self,
        connection: &mut PgConnection,
        link: &Link,
        key: &str,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Vec<Target>>, Error> {
        let mut found: HashMap<String, Vec<Target>> = HashMap::new();
        if ids.is_empty() {
            return Ok(found);
        }
        for row in targets(&self.query.node.id, link, key, ids).query_once().fetch_all(connection).await? {
            let (id, key): (String, Option<Json<Value>>) = (row.try_get("node_id")?, row.try_get("key")?);
            let target = LinkTarget { id, key: key.map_or(Value::Null, |key| key.0) };
            let target = Target { created: row.try_get("created")?, target };
            found.entry(row.try_get("src_id")?).or_default().push(target);
        }
        for targets in found.values_mut().filter(|targets| targets.len() > 1) {
            targets.sort_by(Target::order);
        }
        Ok(found)
    }
}

impl Window {
    /// The records, each made when it is asked for.
    pub(crate) fn records(mut self) -> impl Iterator<Item = Result<StoredRecord, sqlx::Error>> {
        let rows = std::mem::take(&mut self.rows);
        rows.into_iter().map(move |row| {
            let (id, props): (String, Option<Json<Map<String, Value>>>) =
                (row.try_get("node_id")?, row.try_get("props")?);
            let of_link = |targets: &mut HashMap<String, Vec<Target>>| {
                let targets = targets.remove(&id).unwrap_or_default();
                targets.into_iter().map(|target| target.target).collect()
            };
            let links = self.targets.iter_mut().map(of_link).collect();
            Ok(StoredRecord { links, props: props.map(|props| props.0).unwrap_or_default(), id })
        })
    }
}

/// ```sql
/// declare records no scroll cursor for
/// select n.node_id, n._props as props from "node_case" n
/// where n._props ->> 'project_id' = $1 and n.node_id = any($2)
/// ```
fn declare(label: &str, project_id: &str, ids: Option<&[String]>) -> Sql {
    let all = Sql::raw("declare records no scroll cursor for select n.node_id, n._props as props from ")
        .then_ident(&node_table(label))
        .text(" n where n._props ->> 'project_id' = ")
        .bind(project_id);
    match ids {
        None => all,
        Some(ids) => all.text(" and n.node_id = any(").bind(ids.to_vec()).text(")"),
    }
}

fn fetch(rows: usize) -> Sql {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    Sql::raw("fetch forward ").number(rows).text(" from records")
}

/// The targets of a link, for the sources with these ids.
///
/// ```sql
/// select e.src_id, d.node_id, d.created, d._props -> 'submitter_id' as key
/// from "edge_casememberofstudy" e join "node_study" d on d.node_id = e.dst_id
/// where e.src_id = any($1)
/// ```
fn targets(label: &str, link: &Link, key: &str, ids: Vec<String>) -> Sql {
    Sql::raw("select e.src_id, d.node_id, d.created, d._props -> ")
        .literal(key)
        .text(" as key from ")
        .then_ident(&edge_table(label, &link.label, &link.target_type))
        .text(" e join ")
        .then_ident(&node_table(&link.target_type))
        .text(" d on d.node_id = e.dst_id where e.src_id = any(")
        .bind(ids)
        .text(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_from_one_scan_and_their_targets_from_one_statement_a_link() {
        let dictionary = crate::testing::dictionary();
        let link = dictionary.nodes["sample"].all_links()[0];
        let ids = vec!["id".to_owned()];
        let statements = [
            declare("sample", "P-Q", None),
            declare("sample", "P-Q", Some(&ids)),
            fetch(200),
            targets("sample", link, "submitter_id", ids),
        ];
        insta::assert_snapshot!(statements.map(|statement| statement.render().0).join("\n"));
    }
}
