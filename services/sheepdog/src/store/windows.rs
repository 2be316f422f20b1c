//! Reads very many records with the targets of their links. The records are copied over one connection, and
//! taken a window at a time; meanwhile the targets of each link come over another, with one statement for a
//! window, or for all of them.
//!
//! Nothing is sorted or grouped by the database, which would cost it more than all the reading; what is shown
//! for a record is put together here.

use std::sync::Arc;

use dictionary::Link;
use psqlgraph::names::{edge_table, node_table};
use sql::{
    Sql,
    copy::{self, CopiedRow},
};
use sqlx::{PgConnection, PgPool};

use super::{
    export::RecordQuery,
    snapshot::{Connections, Rows, Snapshot},
    targets::{self, Targets},
};
use crate::{Error, auth::ReadPermit, model::record::RawRecord};

/// Records of the first window: few, so that its reader does not wait.
const FIRST: usize = 20;
/// A window is at most this many times as long as the one before.
const GROWTH: usize = 25;
/// Records of the longest window whose targets have to be looked up.
const LONGEST: usize = 5000;
/// Records of a window for which nothing has to be looked up.
const SHORT: usize = 500;
/// A window ends with the record that makes it so many bytes.
const BYTES: usize = 8 << 20;

/// A record whose targets are looked up takes the database as long as so many edges of a table that it reads
/// from its beginning to its end.
const EDGES_A_RECORD: u64 = 4;
/// Bytes of an edge in its table.
const AN_EDGE: u64 = 140;
/// Bytes of all tables whose edges are kept; in memory they are about twice as large.
const MOST_KEPT: u64 = 8 << 20;

/// Records of a type that are read a window at a time.
pub(crate) struct Windows<'a> {
    records: Rows<'a>,
    length: usize,
    is_over: bool,
    links: Links<'a>,
}

/// How the targets of all links are read.
struct Links<'a> {
    query: RecordQuery<'a>,
    /// What they are read over, as long as there are some to read.
    connection: &'a mut Option<Snapshot>,
    /// Of each link.
    readings: Vec<Reading>,
    /// Whether the records are all that the project has.
    are_all: bool,
    /// Records so far.
    seen: u64,
    /// How many bytes of edges may still be kept.
    to_keep: u64,
}

/// How the targets of a link are read.
enum Reading {
    /// For each window. The table of the edges has so many bytes, as far as that is known.
    Singly(Option<u64>),
    /// They have been read, those of other projects too.
    AtOnce(Arc<Targets>),
}

/// Some records as they came.
pub(crate) struct Window {
    rows: Vec<CopiedRow>,
    /// Of each link.
    targets: Vec<Arc<Targets>>,
}

impl<'a> Windows<'a> {
    /// All records of the type in the project, or those with `ids`. They come in the order in which they are
    /// stored, which is that of their creation as long as they are not changed; those of one submission are
    /// written by key. A second connection of the pool is taken for their links, if there is none yet; it
    /// stays for the records that are read next, except after all records of a type, to which no others come.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn open(
        connections: &'a mut Connections,
        pool: &PgPool,
        query: RecordQuery<'a>,
        permit: &ReadPermit,
        ids: Option<&[String]>,
    ) -> Result<Self, Error> {
        if !query.links.is_empty() {
            connections.for_links(pool).await?;
        }
        let Connections { records: snapshot, links: connection } = connections;
        let records = snapshot.copy(records(&query.node.id, &permit.project_id(), ids)).await?;
        let readings = query.links.iter().map(|_| Reading::Singly(None)).collect();
        let are_all = ids.is_none();
        let links = Links { query, connection, readings, are_all, seen: 0, to_keep: MOST_KEPT };
        Ok(Self { records, length: FIRST, is_over: false, links })
    }

    /// The next records; `None` after the last ones.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn next(&mut self) -> Result<Option<Window>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let expected = self.length;
        let reading = window(&mut self.records, self.length);
        let ((rows, is_over), ()) = tokio::try_join!(reading, self.links.prepare(expected))?;
        self.is_over = is_over;
        let targets = self.links.targets(&rows).await?;
        self.length = if self.links.are_looked_up() { (self.length * GROWTH).min(LONGEST) } else { SHORT };
        Ok(Some(Window { rows, targets }))
    }
}

/// At most so many records, and whether they were the last ones.
async fn window(records: &mut Rows<'_>, length: usize) -> Result<(Vec<CopiedRow>, bool), Error> {
    let (mut rows, mut bytes) = (Vec::with_capacity(length), 0);
    while rows.len() < length && bytes < BYTES {
        let Some(row) = records.next().await? else { return Ok((rows, true)) };
        bytes += row.size();
        rows.push(row);
    }
    Ok((rows, false))
}

impl Links<'_> {
    /// Whether something has to be read for a window.
    fn are_looked_up(&self) -> bool {
        self.readings.iter().any(|reading| matches!(reading, Reading::Singly(_)))
    }

    /// Before more records are read: once as many have been seen as all edges of a link are worth, all of
    /// them are read, if they are not too many to be kept.
    async fn prepare(&mut self, expected: usize) -> Result<(), Error> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        if !self.are_all || self.seen == 0 {
            return Ok(());
        }
        let expected = self.seen + expected as u64;
        let label = &self.query.node.id;
        for ((link, key), reading) in self.query.links.iter().zip(&mut self.readings) {
            let size = match reading {
                Reading::AtOnce(_) => continue,
                Reading::Singly(Some(size)) => *size,
                Reading::Singly(None) => size_of(connection, label, link).await?,
            };
            *reading = Reading::Singly(Some(size));
            if size <= self.to_keep && size / AN_EDGE <= expected * EDGES_A_RECORD {
                self.to_keep -= size;
                let rows = connection.copy(targets::all(label, link, key)).await?;
                *reading = Reading::AtOnce(Arc::new(Targets::read(rows).await?));
            }
        }
        if !self.are_looked_up() {
            *self.connection = None;
        }
        Ok(())
    }

    /// The targets of each link, at least those of these records.
    async fn targets(&mut self, rows: &[CopiedRow]) -> Result<Vec<Arc<Targets>>, Error> {
        self.seen += rows.len() as u64;
        let mut ids = Vec::new();
        let mut found = Vec::with_capacity(self.readings.len());
        for ((link, key), reading) in self.query.links.iter().zip(&self.readings) {
            found.push(match (reading, self.connection.as_mut()) {
                (Reading::AtOnce(targets), _) => targets.clone(),
                (Reading::Singly(_), Some(connection)) if !rows.is_empty() => {
                    if ids.is_empty() {
                        ids = rows
                            .iter()
                            .map(|row| Ok(parts(row)?.0.to_owned()))
                            .collect::<Result<_, Error>>()?;
                    }
                    let select = targets::of(&self.query.node.id, link, key, &ids);
                    Arc::new(Targets::read(connection.copy(select).await?).await?)
                }
                (Reading::Singly(_), _) => Arc::default(),
            });
        }
        Ok(found)
    }
}

/// The bytes of the table of a link's edges, which the server knows without reading it.
async fn size_of(connection: &mut PgConnection, label: &str, link: &Link) -> Result<u64, Error> {
    let size: Option<i64> = sqlx::query_scalar("select pg_relation_size(to_regclass(quote_ident($1)))")
        .bind(edge_table(label, &link.label, &link.target_type))
        .fetch_one(connection)
        .await?;
    Ok(size.and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX))
}

impl Window {
    /// The records, each put together when it is asked for.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<RawRecord<'_>, sqlx::Error>> {
        self.rows.iter().map(|row| {
            let (id, props) = parts(row)?;
            let links = self.targets.iter().map(|targets| targets.of(id)).collect();
            Ok(RawRecord { id, props, links })
        })
    }
}

/// The id of a record, and its properties as JSON.
fn parts(row: &CopiedRow) -> Result<(&str, &str), sqlx::Error> {
    let [id, props] = row.fields()?;
    Ok((copy::text(id.unwrap_or_default())?, props.map_or(Ok("{}"), copy::json)?))
}

/// ```sql
/// select n.node_id, n._props as props from "node_case" n
/// where n._props ->> 'project_id' = 'P-Q' and n.node_id = any('{"..."}'::text[])
/// ```
fn records(label: &str, project_id: &str, ids: Option<&[String]>) -> Sql {
    let all = Sql::raw("select n.node_id, n._props as props from ")
        .then_ident(&node_table(label))
        .text(" n where n._props ->> 'project_id' = ")
        .literal(project_id);
    match ids {
        None => all,
        Some(ids) => all.text(" and n.node_id = any(").literals(ids).text(")"),
    }
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
            records("sample", "P-Q", None),
            records("sample", "P-Q", Some(&ids)),
            targets::of("sample", link, "submitter_id", &ids),
            targets::all("sample", link, "submitter_id"),
        ];
        insta::assert_snapshot!(statements.map(|statement| statement.render().0).join("\n"));
    }
}
