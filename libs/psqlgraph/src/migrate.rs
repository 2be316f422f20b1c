//! Bringing a database to the schema of a dictionary.

use std::collections::{HashMap, HashSet};

use dictionary::Dictionary;
use sql::Sql;
use sqlx::{PgConnection, PgPool, Row as _};

use crate::ddl::Schema;

/// Goes into the stored version, so that a new release of this crate looks at old databases again.
const LAYOUT: &str = "1";
/// Statements a round trip: few enough that none is slow, for slow ones are logged whole.
const BATCH: usize = 100;
/// Only one process migrates at a time. The number means nothing.
const LOCK: i64 = 0x6772_6170_6831;

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// Tables that were made.
    pub tables: Vec<String>,
    /// Indexes that were made, or made again because their uniqueness was not right.
    pub indexes: Vec<String>,
    /// Whether the database was at this schema already, and nothing else was looked at.
    pub up_to_date: bool,
}

/// Creates what `dictionary` needs and the database lacks: node, edge, history and transaction tables and
/// their indexes. Nothing is ever dropped or altered when a dictionary shrinks. Idempotent; safe to run from
/// several processes at once. An unchanged database is recognised by one row.
///
/// # Errors
/// What the database says; then nothing is changed.
pub async fn migrate(pool: &PgPool, dictionary: &Dictionary) -> Result<MigrationReport, sqlx::Error> {
    let version = format!("commons-{LAYOUT}-{}", dictionary.digest);
    let mut connection = pool.acquire().await?;
    if stored_version(&mut connection).await?.as_deref() == Some(version.as_str()) {
        return Ok(MigrationReport { up_to_date: true, ..MigrationReport::default() });
    }
    let mut transaction = sqlx::Connection::begin(&mut *connection).await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    // Another process may have done it while this one waited.
    if stored_version(&mut transaction).await?.as_deref() == Some(version.as_str()) {
        return Ok(MigrationReport { up_to_date: true, ..MigrationReport::default() });
    }
    // A service that still runs on the tables must not be blocked for long.
    sqlx::query("set local lock_timeout = '10s'").execute(&mut *transaction).await?;
    adopt_old_snapshots(&mut transaction).await?;
    let report = create_missing(&mut transaction, &Schema::of(dictionary)).await?;
    store_version(&mut transaction, &version).await?;
    grant_to_readers(&mut transaction).await?;
    transaction.commit().await?;
    tracing::info!(
        tables.created = report.tables.len(),
        indexes.created = report.indexes.len(),
        "graph tables migrated"
    );
    Ok(report)
}

async fn stored_version(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let known: bool =
        sqlx::query_scalar("select to_regclass('node_root') is not null").fetch_one(&mut *connection).await?;
    if !known {
        return Ok(None);
    }
    let version =
        sqlx::query_scalar("select _props ->> 'schema_version' from node_root where node_id = 'root'");
    Ok(version.fetch_optional(connection).await?.flatten())
}

async fn create_missing(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<MigrationReport, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace \
         and relkind in ('r', 'p')",
    )
    .fetch_all(&mut *connection)
    .await?;
    let tables: HashSet<String> = tables.into_iter().collect();
    let indexes: HashMap<String, bool> = sqlx::query(
        "select c.relname::text as name, i.indisunique from pg_index i join pg_class c on c.oid = i.indexrelid \
         where c.relnamespace = current_schema()::regnamespace",
    )
    .fetch_all(&mut *connection)
    .await?
    .into_iter()
    .map(|row| Ok((row.try_get("name")?, row.try_get("indisunique")?)))
    .collect::<Result<_, sqlx::Error>>()?;

    let mut report = MigrationReport::default();
    let mut statements = Vec::new();
    for table in schema.tables.iter().filter(|table| !tables.contains(&table.name)) {
        report.tables.push(table.name.clone());
        statements.push(table.create.clone());
    }
    for index in &schema.indexes {
        match indexes.get(&index.name) {
            Some(unique) if *unique == index.unique => continue,
            Some(_) => statements.push(Sql::raw("drop index ").then_ident(&index.name)),
            None => {}
        }
        report.indexes.push(index.name.clone());
        statements.push(index.create.clone());
    }
    for batch in statements.chunks(BATCH) {
        Sql::join(";\n", batch.to_vec()).run_script(connection).await?;
    }
    Ok(report)
}

/// Databases from before 2019 have the entity's id as primary key of `transaction_snapshots`.
async fn adopt_old_snapshots(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let old: bool = sqlx::query_scalar(
        "select exists (select from information_schema.columns where table_schema = current_schema() \
         and table_name = 'transaction_snapshots' and column_name = 'id' and data_type = 'text')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !old {
        return Ok(());
    }
    let script = "alter table transaction_snapshots drop constraint transaction_snapshots_pkey;
        alter table transaction_snapshots rename column id to entity_id;
        alter table transaction_snapshots alter column entity_id drop not null;
        alter table transaction_snapshots add column id serial primary key";
    Sql::raw(script).run_script(connection).await
}

async fn store_version(connection: &mut PgConnection, version: &str) -> Result<(), sqlx::Error> {
    let statement = "with old as (
            insert into _voided_nodes (node_id, created, acl, system_annotations, properties, label)
            select node_id, created, acl, _sysan, _props, 'root' from node_root where node_id = 'root'
        )
        insert into node_root (node_id, acl, _sysan, _props)
        values ('root', '{}', '{}', jsonb_build_object('schema_version', $1::text))
        on conflict (node_id) do update set _props = node_root._props || excluded._props";
    sqlx::query(statement).bind(version).execute(connection).await.map(|_| ())
}

/// By convention the role `peregrine` reads, where it exists.
async fn grant_to_readers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let script = "do $$ begin
            if exists (select from pg_roles where rolname = 'peregrine') then
                grant select on all tables in schema public to peregrine;
            end if;
        end $$";
    Sql::raw(script).run_script(connection).await
}
