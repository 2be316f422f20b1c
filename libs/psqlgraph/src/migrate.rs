//! Brings a database to the schema of a dictionary.

use std::collections::BTreeSet;

use dictionary::Dictionary;
use sql::Sql;
use sqlx::{Connection as _, PgConnection, PgPool, Row as _};

use crate::{
    catalog::{existing_indexes, existing_tables, unique_indexes},
    ddl::{Index, Schema},
    patience::{BATCH, run_when_free},
};

/// It goes into the stored version, so that a new release of this crate looks at old databases again.
const LAYOUT: &str = "3";
/// Only one process migrates at a time. The number means nothing.
const LOCK: i64 = 0x6772_6170_6831;
/// At most this many duplicates are named when a unique index cannot be made.
const NAMED_DUPLICATES: i64 = 5;

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// Tables that were made.
    pub tables: Vec<String>,
    /// Indexes that were made, or made again because their uniqueness was not right.
    pub indexes: Vec<String>,
    /// Unique indexes that were dropped, because no key of the dictionary asks for them any more: each would
    /// go on refusing what the dictionary allows.
    pub dropped: Vec<String>,
    /// Indexes of tables with data that could not be made, each with the reason. Everything else works
    /// without them, and the next migration tries again.
    pub failed: Vec<(String, String)>,
    /// Whether the database was at this schema already, and nothing else was looked at.
    pub up_to_date: bool,
}

/// The statements that make what a database lacks.
#[derive(Debug, Clone, Default)]
pub struct MigrationPlan {
    /// Run in one transaction: they cannot fail halfway.
    together: Vec<Sql>,
    /// Tables that are there already, and that new ones refer to.
    referred_to: BTreeSet<String>,
    /// Indexes of tables that are there already; each in a transaction of its own, as they may wait for a
    /// lock and, if unique, fail for the data.
    apart: Vec<(Index, Vec<Sql>)>,
    /// Unique indexes to drop, each in a transaction of its own.
    dropped: Vec<(String, Sql)>,
    /// Run if nothing failed.
    version: Vec<Sql>,
    /// Rights of the readers' role.
    rights: Vec<Sql>,
    tables: Vec<String>,
    indexes: Vec<String>,
}

impl MigrationPlan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.together.is_empty()
            && self.apart.is_empty()
            && self.dropped.is_empty()
            && self.version.is_empty()
            && self.rights.is_empty()
    }

    /// The statements with their transactions, for people. It can be run as it is.
    pub fn script(&self) -> String {
        let apart = self.apart.iter().map(|(_, statements)| [lock_timeout(), statements.clone()].concat());
        let dropped = self.dropped.iter().map(|(_, drop)| [lock_timeout(), vec![drop.clone()]].concat());
        let blocks = [self.together.clone()]
            .into_iter()
            .chain(apart)
            .chain(dropped)
            .chain([self.version.clone(), self.rights.clone()]);
        blocks
            .filter(|statements| !statements.is_empty())
            .map(|statements| {
                let text: String =
                    statements.into_iter().map(|statement| statement.render().0 + ";\n").collect();
                format!("begin;\n{text}commit;\n")
            })
            .collect()
    }
}

/// Creates what `dictionary` needs and the database lacks: node, edge, history and transaction tables and
/// their indexes; a `transaction_snapshots` of before 2019 gets its present form; the role `peregrine`, where
/// it exists, may read. Of what a dictionary does not have any more, the unique indexes of its keys are
/// dropped; nothing else is ever altered or dropped when a dictionary shrinks. Idempotent; safe to run from
/// several processes at once. An unchanged database is recognised by one row.
///
/// Indexes of tables that are there already are made one by one, so that running services wait for each
/// shortly or not at all; one that cannot be made is reported (see [`MigrationReport::failed`]) and tried
/// again at the next start.
///
/// # Errors
/// When the database fails; then no table was made.
pub async fn migrate(pool: &PgPool, dictionary: &Dictionary) -> Result<MigrationReport, sqlx::Error> {
    let wanted = version(dictionary);
    let mut pooled = pool.acquire().await?;
    if is_current(&mut pooled, &wanted).await? {
        return Ok(MigrationReport { up_to_date: true, ..MigrationReport::default() });
    }
    drop(pooled);
    // A connection of its own: the lock is gone with it, whatever happens.
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    let report = migrate_alone(&mut connection, dictionary, &wanted).await?;
    connection.close().await?;
    Ok(report)
}

/// What [`migrate`] would do now, without doing it. Looks at every table and index, whatever version is
/// stored.
///
/// # Errors
/// When the database fails.
pub async fn plan(pool: &PgPool, dictionary: &Dictionary) -> Result<MigrationPlan, sqlx::Error> {
    plan_of(&mut *pool.acquire().await?, dictionary, &version(dictionary)).await
}

fn version(dictionary: &Dictionary) -> String {
    format!("commons-{LAYOUT}-{}", dictionary.digest)
}

/// Whether the version is stored and no right is missing: somebody may have made the role since.
async fn is_current(connection: &mut PgConnection, wanted: &str) -> Result<bool, sqlx::Error> {
    let stored = stored_version(connection).await?;
    Ok(stored.as_deref() == Some(wanted) && unreadable(connection).await?.is_empty())
}

async fn migrate_alone(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    wanted: &str,
) -> Result<MigrationReport, sqlx::Error> {
    // Another process may have done it while this one waited.
    if is_current(connection, wanted).await? {
        return Ok(MigrationReport { up_to_date: true, ..MigrationReport::default() });
    }
    let plan = plan_of(connection, dictionary, wanted).await?;
    let mut report =
        MigrationReport { tables: plan.tables, indexes: plan.indexes, ..MigrationReport::default() };
    let referred_to: Vec<&str> = plan.referred_to.iter().map(String::as_str).collect();
    run_when_free(connection, &referred_to, plan.together).await?;
    for (index, statements) in plan.apart {
        match run(connection, statements, "2s").await {
            Ok(()) => report.indexes.push(index.name),
            Err(error) if error.as_database_error().is_some() => {
                let reason = reason(connection, &index, &error).await?;
                tracing::warn!(
                    index.name = index.name,
                    table = index.table,
                    reason,
                    "an index could not be made; it is tried again at the next start"
                );
                report.failed.push((index.name, reason));
            }
            Err(error) => return Err(error),
        }
    }
    for (name, drop) in plan.dropped {
        match run(connection, vec![drop], "2s").await {
            Ok(()) => {
                tracing::info!(index.name = name, "a unique index that no key asks for was dropped");
                report.dropped.push(name);
            }
            Err(error) if error.as_database_error().is_some() => {
                report.failed.push((name, format!("it is to be dropped: {error}")));
            }
            Err(error) => return Err(error),
        }
    }
    if report.failed.is_empty() {
        run(connection, plan.version, "10s").await?;
    }
    run(connection, plan.rights, "10s").await?;
    tracing::info!(
        tables.created = report.tables.len(),
        indexes.created = report.indexes.len(),
        indexes.dropped = report.dropped.len(),
        indexes.failed = report.failed.len(),
        "graph tables migrated"
    );
    Ok(report)
}

/// One transaction. A service that runs on the tables must not be blocked for long.
async fn run(
    connection: &mut PgConnection,
    statements: Vec<Sql>,
    patience: &'static str,
) -> Result<(), sqlx::Error> {
    if statements.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    sqlx::query("select set_config('lock_timeout', $1, true)")
        .bind(patience)
        .execute(&mut *transaction)
        .await?;
    for batch in statements.chunks(BATCH) {
        Sql::join(";\n", batch.to_vec()).run_script(&mut transaction).await?;
    }
    transaction.commit().await
}

fn lock_timeout() -> Vec<Sql> {
    vec![Sql::raw("set local lock_timeout = '2s'")]
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

async fn plan_of(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    wanted: &str,
) -> Result<MigrationPlan, sqlx::Error> {
    let schema = Schema::of(dictionary);
    let tables = existing_tables(connection).await?;
    let indexes = existing_indexes(connection).await?;
    let mut plan =
        MigrationPlan { together: new_form_of_snapshots(connection).await?, ..MigrationPlan::default() };
    for table in schema.tables.into_iter().filter(|table| !tables.contains(&table.name)) {
        plan.referred_to.extend(table.references.into_iter().filter(|table| tables.contains(table)));
        plan.tables.push(table.name);
        plan.together.push(table.create);
    }
    let wanted_indexes: BTreeSet<String> = schema.indexes.iter().map(|index| index.name.clone()).collect();
    for name in unique_indexes(connection, dictionary).await? {
        if !wanted_indexes.contains(&name) {
            let drop = Sql::raw("drop index ").then_ident(&name);
            plan.dropped.push((name, drop));
        }
    }
    for index in schema.indexes {
        let drop_old = match indexes.get(&index.name) {
            Some(state) if *state == (index.unique, true) => continue,
            Some(_) => Some(Sql::raw("drop index ").then_ident(&index.name)),
            None => None,
        };
        if tables.contains(&index.table) {
            let statements = drop_old.into_iter().chain([index.create.clone()]).collect();
            plan.apart.push((index, statements));
        } else {
            plan.indexes.push(index.name);
            plan.together.push(index.create);
        }
    }
    if stored_version(connection).await?.as_deref() != Some(wanted) {
        plan.version = vec![store_version(wanted)];
    }
    plan.rights = rights(connection, &plan.tables).await?;
    Ok(plan)
}

/// Why an index could not be made, with what has to be put right.
async fn reason(
    connection: &mut PgConnection,
    index: &Index,
    error: &sqlx::Error,
) -> Result<String, sqlx::Error> {
    /// `unique_violation`.
    const DUPLICATES: &str = "23505";
    if error.as_database_error().and_then(|error| error.code()).as_deref() != Some(DUPLICATES) {
        return Ok(error.to_string());
    }
    let keys = || Sql::join(", ", index.keys.clone());
    let known = index.keys.iter().map(|key| key.clone().text(" is not null"));
    let rows = Sql::raw("select concat_ws(', ', ")
        .then(keys())
        .text(") as value, array_agg(")
        .then_ident("node_id")
        .text(" order by node_id) as ids from ")
        .then_ident(&index.table)
        .text(" where ")
        .then(Sql::join(" and ", known))
        .text(" group by ")
        .then(keys())
        .text(" having count(*) > 1 order by 1 limit ")
        .number(NAMED_DUPLICATES + 1)
        .query()
        .fetch_all(connection)
        .await?;
    let most = usize::try_from(NAMED_DUPLICATES).unwrap_or_default();
    let named = rows.iter().take(most).map(|row| {
        let (value, ids): (String, Vec<String>) = (row.try_get("value")?, row.try_get("ids")?);
        Ok(format!("({value}) of {}", ids.join(", ")))
    });
    let named = named.collect::<Result<Vec<_>, sqlx::Error>>()?.join("; ");
    let more = if rows.len() > most { "; and more" } else { "" };
    Ok(format!("these values are not unique: {named}{more}"))
}

/// Databases from before 2019 have the entity's id as primary key of `transaction_snapshots`.
async fn new_form_of_snapshots(connection: &mut PgConnection) -> Result<Vec<Sql>, sqlx::Error> {
    let old_key: Option<String> = sqlx::query_scalar(
        "select k.conname::text from pg_constraint k \
         join pg_attribute a \
             on a.attrelid = k.conrelid and a.attname = 'id' and a.atttypid = 'text'::regtype \
         where k.conrelid = to_regclass('transaction_snapshots') and k.contype = 'p' \
         and k.conkey = array[a.attnum] and not exists (select from pg_attribute e \
             where e.attrelid = k.conrelid and e.attname = 'entity_id' and not e.attisdropped)",
    )
    .fetch_optional(connection)
    .await?;
    let Some(key) = old_key else { return Ok(Vec::new()) };
    Ok(vec![
        Sql::raw("alter table transaction_snapshots drop constraint ").then_ident(&key),
        Sql::raw("alter table transaction_snapshots rename column id to entity_id"),
        Sql::raw("alter table transaction_snapshots alter column entity_id drop not null"),
        Sql::raw("alter table transaction_snapshots add column id serial primary key"),
    ])
}

fn store_version(version: &str) -> Sql {
    Sql::raw(
        "with old as (insert into _voided_nodes \
             (node_id, created, acl, system_annotations, properties, label) \
         select node_id, created, acl, _sysan, _props, 'root' from node_root where node_id = 'root') \
         insert into node_root (node_id, acl, _sysan, _props) \
         values ('root', '{}', '{}', jsonb_build_object('schema_version', ",
    )
    .literal(version)
    .text("::text)) on conflict (node_id) do update set _props = node_root._props || excluded._props")
}

/// Our tables that the role `peregrine` cannot read. By convention it may read all of them, where it exists.
async fn unreadable(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_roles r on r.rolname = 'peregrine' \
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') \
         and (c.relname like 'node\\_%' or c.relname like 'edge\\_%' or c.relname like '\\_voided\\_%' \
             or c.relname like 'transaction%' or c.relname = 'versioned_nodes') \
         and pg_has_role(current_user, c.relowner, 'usage') \
         and not has_table_privilege(r.oid, c.oid, 'select') order by 1",
    )
    .fetch_all(connection)
    .await
}

/// `new` are tables that are yet to be made.
async fn rights(connection: &mut PgConnection, new: &[String]) -> Result<Vec<Sql>, sqlx::Error> {
    let has_readers: bool =
        sqlx::query_scalar("select exists (select from pg_roles where rolname = 'peregrine')")
            .fetch_one(&mut *connection)
            .await?;
    if !has_readers {
        return Ok(Vec::new());
    }
    let mut tables = unreadable(connection).await?;
    tables.extend(new.iter().cloned());
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let tables = Sql::join(", ", tables.iter().map(|table| Sql::ident(table)));
    Ok(vec![Sql::raw("grant select on table ").then(tables).text(" to peregrine")])
}
