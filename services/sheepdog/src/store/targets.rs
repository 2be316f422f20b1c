//! The targets of a link, by their sources.

use std::{cmp::Ordering, collections::HashMap};

use bytestring::ByteString;
use dictionary::Link;
use psqlgraph::names::{edge_table, node_table};
use serde_json::Value;
use smallvec::SmallVec;
use sql::{Sql, copy};

use super::snapshot::Rows;
use crate::model::record::RawTarget;

/// Targets of a link. Their texts are shared with the rows that they came in.
#[derive(Default)]
pub(crate) struct Targets {
    targets: Vec<Target>,
    /// The last one of each source.
    last: HashMap<ByteString, usize>,
}

struct Target {
    id: ByteString,
    /// As JSON.
    key: Option<ByteString>,
    created: Option<i64>,
    /// Another one of the same source.
    other: Option<usize>,
}

impl Target {
    fn raw(&self) -> RawTarget<'_> {
        RawTarget { id: &self.id, key: self.key.as_deref().unwrap_or("null") }
    }

    /// The older first, then by key.
    fn order(&self, other: &Self) -> Ordering {
        let by_key = || self.key_text().cmp(&other.key_text());
        let by_id = || self.id.cmp(&other.id);
        self.created.cmp(&other.created).then_with(by_key).then_with(by_id)
    }

    fn key_text(&self) -> Option<String> {
        match serde_json::from_str(self.key.as_deref()?).ok()? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Targets {
    /// Reads the rows of [`all`] or [`of`].
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn read(mut rows: Rows<'_>) -> Result<Self, sqlx::Error> {
        let mut found = Self::default();
        while let Some(row) = rows.next().await? {
            let [source, id, created, key] = row.fields()?;
            let share = |field: &[u8]| {
                ByteString::try_from(row.share(field)).map_err(|error| sqlx::Error::Decode(error.into()))
            };
            let number = found.targets.len();
            found.targets.push(Target {
                id: share(id.unwrap_or_default())?,
                key: key.map(|key| share(key.get(1..).unwrap_or_default())).transpose()?,
                created: created.map(copy::timestamp).transpose()?,
                other: found.last.insert(share(source.unwrap_or_default())?, number),
            });
        }
        Ok(found)
    }

    /// Those of a source, in the order in which they are shown. Few records have several targets, so that
    /// they are put in order here.
    pub(crate) fn of(&self, source: &str) -> SmallVec<[RawTarget<'_>; 1]> {
        let target = |number: &usize| self.targets.get(*number);
        let Some(last) = self.last.get(source).and_then(target) else { return SmallVec::new() };
        if last.other.is_none() {
            return SmallVec::from_buf([last.raw()]);
        }
        let of_source = std::iter::successors(Some(last), |target| self.targets.get(target.other?));
        let mut targets: Vec<&Target> = of_source.collect();
        targets.sort_by(|one, other| one.order(other));
        targets.into_iter().map(Target::raw).collect()
    }
}

/// All targets of a link.
///
/// ```sql
/// select e.src_id, d.node_id, d.created, d._props -> 'submitter_id' as key
/// from "edge_casememberofstudy" e join "node_study" d on d.node_id = e.dst_id
/// ```
pub(crate) fn all(label: &str, link: &Link, key: &str) -> Sql {
    Sql::raw("select e.src_id, d.node_id, d.created, d._props -> ")
        .literal(key)
        .text(" as key from ")
        .then_ident(&edge_table(label, &link.label, &link.target_type))
        .text(" e join ")
        .then_ident(&node_table(&link.target_type))
        .text(" d on d.node_id = e.dst_id")
}

/// The same for the sources with these ids.
///
/// ```sql
/// select ... where e.src_id = any('{"..."}'::text[])
/// ```
pub(crate) fn of(label: &str, link: &Link, key: &str, ids: &[String]) -> Sql {
    all(label, link, key).text(" where e.src_id = any(").literals(ids).text(")")
}
