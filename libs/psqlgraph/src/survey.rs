//! Looks at everything that is stored, in bounded memory, without changing anything.
//!
//! A table that is not there has no rows. Examples are ids, the smallest first.

use std::collections::BTreeSet;

use dictionary::{Dictionary, Link, NodeType};
use serde_json::Value;
use sql::Sql;
use sqlx::{PgConnection, PgPool, Postgres, Row as _, Transaction, types::Json};

use crate::names::{edge_table, node_table};

/// A count with examples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The count.
    pub count: u64,
    /// Some ids of what was counted.
    pub examples: Vec<String>,
}

/// Records that have targets under exactly these links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkUse {
    /// Names of the links.
    pub used: BTreeSet<String>,
    /// The records.
    pub records: Found,
}

/// A database as it is at one moment.
pub struct Survey {
    transaction: Transaction<'static, Postgres>,
    examples: i64,
}

impl Survey {
    /// Begins to look; at most this many examples are given.
    ///
    /// # Errors
    /// When the database fails, here and everywhere below.
    pub async fn begin(pool: &PgPool, examples: u32) -> Result<Self, sqlx::Error> {
        let transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
        Ok(Self { transaction, examples: i64::from(examples) })
    }

    /// The number of records of a type.
    pub async fn count(&mut self, node: &str) -> Result<u64, sqlx::Error> {
        self.count_rows(&node_table(node)).await
    }

    /// The number of targets that records have under a link.
    pub async fn count_links(&mut self, node: &str, link: &Link) -> Result<u64, sqlx::Error> {
        self.count_rows(&edge_table(node, &link.label, &link.target_type)).await
    }

    async fn count_rows(&mut self, table: &str) -> Result<u64, sqlx::Error> {
        if !exists(&mut self.transaction, table).await? {
            return Ok(0);
        }
        let count = Sql::raw("select count(*) from ").then_ident(table).scalar::<i64>();
        Ok(count.fetch_one(&mut *self.transaction).await?.unsigned_abs())
    }

    /// The next `limit` records of a type by id, with their properties.
    pub async fn records(
        &mut self,
        node: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, Value)>, sqlx::Error> {
        let table = node_table(node);
        if !exists(&mut self.transaction, &table).await? {
            return Ok(Vec::new());
        }
        let rows = Sql::raw("select node_id, coalesce(_props, '{}') as properties from ")
            .then_ident(&table)
            .text(" where node_id > ")
            .bind(after)
            .text(" order by node_id limit ")
            .number(limit)
            .query()
            .fetch_all(&mut *self.transaction)
            .await?;
        let record = |row: &sqlx::postgres::PgRow| {
            let Json(properties) = row.try_get("properties")?;
            Ok((row.try_get("node_id")?, properties))
        };
        rows.iter().map(record).collect()
    }

    /// Which combinations of links records have.
    pub async fn link_uses(&mut self, node: &NodeType) -> Result<Vec<LinkUse>, sqlx::Error> {
        let table = node_table(&node.id);
        if !exists(&mut self.transaction, &table).await? {
            return Ok(Vec::new());
        }
        let links = node.all_links();
        let mut used = Vec::new();
        for link in &links {
            let edges = edge_table(&node.id, &link.label, &link.target_type);
            used.push(if exists(&mut self.transaction, &edges).await? {
                Sql::raw("exists (select from ").then_ident(&edges).text(" e where e.src_id = n.node_id)")
            } else {
                Sql::raw("false")
            });
        }
        let rows = Sql::raw("select used, count(*) as count, (array_agg(node_id order by node_id))[1:")
            .number(self.examples)
            .text("] as examples from (select n.node_id, array[")
            .then(Sql::join(", ", used))
            .text("]::boolean[] as used from ")
            .then_ident(&table)
            .text(" n) as records group by used")
            .query()
            .fetch_all(&mut *self.transaction)
            .await?;
        let use_of = |row: &sqlx::postgres::PgRow| {
            let used: Vec<bool> = row.try_get("used")?;
            let names = links.iter().zip(used).filter(|(_, used)| *used).map(|(link, _)| link.name.clone());
            Ok(LinkUse { used: names.collect(), records: found(row)? })
        };
        rows.iter().map(use_of).collect()
    }

    /// Records with more than one target under a link.
    pub async fn many_targets(&mut self, node: &str, link: &Link) -> Result<Found, sqlx::Error> {
        self.many(node, link, "src_id").await
    }

    /// Targets with more than one record under a link.
    pub async fn many_sources(&mut self, node: &str, link: &Link) -> Result<Found, sqlx::Error> {
        self.many(node, link, "dst_id").await
    }

    async fn many(&mut self, node: &str, link: &Link, end: &'static str) -> Result<Found, sqlx::Error> {
        let table = edge_table(node, &link.label, &link.target_type);
        if !exists(&mut self.transaction, &table).await? {
            return Ok(Found::default());
        }
        let many = Sql::raw("select ")
            .text(end)
            .text(" as id from ")
            .then_ident(&table)
            .text(" group by 1 having count(*) > 1");
        self.found(many).await
    }

    /// Records that have the same values of a key, as the database will compare them: without regard to case,
    /// and without those that lack a member.
    pub async fn duplicates(&mut self, node: &str, key: &[String]) -> Result<Found, sqlx::Error> {
        let table = node_table(node);
        if key.is_empty() || !exists(&mut self.transaction, &table).await? {
            return Ok(Found::default());
        }
        let member = |name: &String| match key.len() {
            1 => Sql::raw("(_props ->> ").literal(name).text(")"),
            _ => Sql::raw("lower(_props ->> ").literal(name).text(")"),
        };
        let members = || Sql::join(", ", key.iter().map(member));
        let known = key.iter().map(|name| member(name).text(" is not null"));
        let many = Sql::raw("select node_id as id from (select node_id, count(*) over (partition by ")
            .then(members())
            .text(") as same from ")
            .then_ident(&table)
            .text(" where ")
            .then(Sql::join(" and ", known))
            .text(") as keys where same > 1");
        self.found(many).await
    }

    /// The number of ids that a query gives, and the first ones.
    async fn found(&mut self, ids: Sql) -> Result<Found, sqlx::Error> {
        let row = Sql::raw("with found as materialized (")
            .then(ids)
            .text(") select (select count(*) from found) as count, ")
            .text("array(select id from found order by id limit ")
            .number(self.examples)
            .text(") as examples")
            .query()
            .fetch_one(&mut *self.transaction)
            .await?;
        found(&row)
    }
}

/// The tables of nodes that have records but no type in `dictionary`, with the number of their records. While
/// that dictionary is served, nobody sees them.
///
/// # Errors
/// When the database fails.
pub async fn undeclared(pool: &PgPool, dictionary: &Dictionary) -> Result<Vec<(String, u64)>, sqlx::Error> {
    let declared: Vec<String> = dictionary.nodes.keys().map(|node| node_table(node)).collect();
    let mut survey = Survey::begin(pool, 0).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
           and relname like 'node\\_%' and relname <> 'node_root' and relname <> all($1)
         order by relname",
    )
    .bind(&declared)
    .fetch_all(&mut *survey.transaction)
    .await?;
    let mut undeclared = Vec::new();
    for table in tables {
        match survey.count_rows(&table).await? {
            0 => {}
            records => undeclared.push((table, records)),
        }
    }
    Ok(undeclared)
}

fn found(row: &sqlx::postgres::PgRow) -> Result<Found, sqlx::Error> {
    let count: i64 = row.try_get("count")?;
    let examples: Option<Vec<String>> = row.try_get("examples")?;
    Ok(Found { count: count.unsigned_abs(), examples: examples.unwrap_or_default() })
}

pub(crate) async fn exists(connection: &mut PgConnection, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select to_regclass(quote_ident($1)) is not null")
        .bind(table)
        .fetch_one(connection)
        .await
}
