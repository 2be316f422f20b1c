//! The tables of the index: ours, or those of the original that are adopted.

use std::collections::HashSet;

use sqlx::{PgConnection, Row};

use crate::Error;

/// Key of the advisory lock that the original's migrations take too.
const LOCK: i64 = 100;
/// The schema that [`TABLES`] describes.
const HEAD: &str = "9a2169051163";
/// The revisions that lead to it.
const CHAIN: [&str; 4] = ["15f2e9345ade", "a72f117515c5", "bb3d7586a096", "b61e2d4aa93d"];

const TABLES: &str = include_str!("../../migrations/tables.sql");

struct Index {
    name: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
    ddl: &'static str,
}

macro_rules! index {
    ($name:literal on $table:literal ($first:literal $(, $more:literal)*)) => {
        Index {
            name: $name,
            table: $table,
            columns: &[$first $(, $more)*],
            ddl: concat!("create index ", $name, " on ", $table, " (", $first $(, ", ", $more)*, ")"),
        }
    };
}

/// An index on all entries of a list or map. No index on the column alone can stand for it.
macro_rules! entries {
    ($name:literal on $table:literal ($expression:literal)) => {
        Index {
            name: $name,
            table: $table,
            columns: &[concat!("(entries of ", $expression, ")")],
            ddl: concat!("create index ", $name, " on ", $table, " using gin (", $expression, ")"),
        }
    };
}

/// The indexes of the original, then ours: it has none for these common filters and for the order of pages.
const INDEXES: [Index; 37] = [
    index!("ix_index_record_baseid" on "index_record" ("baseid")),
    index!("ix_index_record_size" on "index_record" ("size")),
    index!("ix_index_record_file_name" on "index_record" ("file_name")),
    index!("ix_index_record_version" on "index_record" ("version")),
    index!("ix_index_record_uploader" on "index_record" ("uploader")),
    index!("index_record_url_idx" on "index_record_url" ("did")),
    index!("index_record_url_metadata_idx" on "index_record_url_metadata" ("did")),
    index!("ix_index_record_url_metadata_did" on "index_record_url_metadata" ("did")),
    index!("index_record_ace_idx" on "index_record_ace" ("did")),
    index!("index_record_authz_idx" on "index_record_authz" ("did")),
    index!("index_record_hash_idx" on "index_record_hash" ("did")),
    index!("index_record_hash_type_value_idx" on "index_record_hash" ("hash_value", "hash_type")),
    index!("index_record_metadata_idx" on "index_record_metadata" ("did")),
    index!("index_record_alias_idx" on "index_record_alias" ("did")),
    index!("index_record_alias_name" on "index_record_alias" ("name")),
    index!("ix_record_baseid" on "record" ("baseid")),
    index!("ix_record_size" on "record" ("size")),
    index!("ix_record_hashes" on "record" ("hashes")),
    index!("commons_index_record_updated_did" on "index_record" ("updated_date", "did")),
    Index {
        name: "commons_index_record_url_text",
        table: "index_record_url",
        // One in the order of the collation knows no beginnings.
        columns: &["url text_pattern_ops"],
        ddl: "create index commons_index_record_url_text on index_record_url (url text_pattern_ops)",
    },
    index!("commons_index_record_url_metadata_key_value" on "index_record_url_metadata" ("key", "value")),
    index!("commons_index_record_ace_ace_did" on "index_record_ace" ("ace", "did")),
    index!("commons_index_record_authz_resource_did" on "index_record_authz" ("resource", "did")),
    index!("commons_index_record_metadata_key_value_did" on "index_record_metadata" ("key", "value", "did")),
    Index {
        name: "commons_index_record_url_place",
        table: "index_record_url",
        // No index on columns alone can stand for it.
        columns: &["(place)"],
        ddl: "create index commons_index_record_url_place on index_record_url \
              (md5(lower(regexp_replace(url, '/+', '/', 'g'))))",
    },
    index!("commons_record_updated_guid" on "record" ("updated_date", "guid")),
    index!("commons_record_file_name" on "record" ("file_name")),
    index!("commons_record_version" on "record" ("version")),
    index!("commons_record_uploader" on "record" ("uploader")),
    entries!("commons_record_urls" on "record" ("urls")),
    entries!("commons_record_acl" on "record" ("acl")),
    entries!("commons_record_authz" on "record" ("authz")),
    entries!("commons_record_alias" on "record" ("alias")),
    entries!("commons_record_hash" on "record" ("hashes jsonb_path_ops")),
    entries!("commons_record_metadata" on "record" ("record_metadata jsonb_path_ops")),
    entries!("commons_record_url_metadata" on "record" ("url_metadata jsonb_path_ops")),
    entries!("commons_record_place" on "record" ("commons_record_places(urls)")),
];

/// Indexes of ours that others have replaced.
const RETIRED: &str = "drop index if exists commons_index_record_url_url, commons_index_record_ace_ace, \
     commons_index_record_authz_resource, commons_index_record_metadata_key_value";

/// Keeps other migrations, also those of the original, away until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(connection).await?;
    Ok(())
}

/// Whether the database has counters.
pub(crate) async fn has_stats(connection: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select to_regclass('stats') is not null").fetch_one(connection).await?)
}

/// Creates the tables, columns and indexes that are missing, and notes which schema they make.
pub(crate) async fn create(connection: &mut PgConnection) -> Result<(), Error> {
    // `if not exists` gives a notice for everything that is there already.
    sqlx::query("set local client_min_messages = warning").execute(&mut *connection).await?;
    sqlx::raw_sql(TABLES).execute(&mut *connection).await?;
    sqlx::query(RETIRED).execute(&mut *connection).await?;
    create_indexes(connection).await?;
    mark(connection).await
}

/// What a database shows of the layout that its records are in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    /// The layout that our note names.
    pub(crate) noted: Option<String>,
    /// Whether there are rows in the tables of each.
    pub(crate) multi: bool,
    pub(crate) single: bool,
}

/// The traces of layouts, also in a database that has not been migrated.
pub(crate) async fn traces(connection: &mut PgConnection) -> Result<Traces, Error> {
    let (note, multi, single): (bool, bool, bool) = sqlx::query_as(
        "select to_regclass('commons_index_layout') is not null, to_regclass('index_record') is not null, \
            to_regclass('record') is not null",
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut traces = Traces::default();
    if note {
        let statement = "select layout from commons_index_layout limit 1";
        traces.noted = sqlx::query_scalar(statement).fetch_optional(&mut *connection).await?;
    }
    if multi {
        let statement = "select exists (select 1 from index_record)";
        traces.multi = sqlx::query_scalar(statement).fetch_one(&mut *connection).await?;
    }
    if single {
        let statement = "select exists (select 1 from record)";
        traces.single = sqlx::query_scalar(statement).fetch_one(&mut *connection).await?;
    }
    Ok(traces)
}

/// Notes which layout has the records from now on.
pub(crate) async fn note_layout(connection: &mut PgConnection, layout: &str) -> Result<(), Error> {
    sqlx::query("delete from commons_index_layout").execute(&mut *connection).await?;
    let statement = "insert into commons_index_layout (layout) values ($1)";
    sqlx::query(statement).bind(layout).execute(connection).await?;
    Ok(())
}

/// Makes the statistics of the tables of both layouts anew.
pub(crate) async fn analyze(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::raw_sql(
        "analyze record, index_record, index_record_url, index_record_url_metadata, index_record_ace, \
            index_record_authz, index_record_hash, index_record_metadata, index_record_alias",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Connections to the database beside this one.
pub(crate) async fn other_connections(connection: &mut PgConnection) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() \
            and pid <> pg_backend_pid() and backend_type = 'client backend'",
    )
    .fetch_one(connection)
    .await?)
}

/// An index counts as present under its own name, or under another name on the same columns (older databases
/// named some of them differently).
async fn create_indexes(connection: &mut PgConnection) -> Result<(), Error> {
    let rows = sqlx::query(
        "select i.relname::text as name, t.relname::text as table_name, x.indisunique as is_unique, \
         array(select a.attname::text from unnest(x.indkey) with ordinality as k(attnum, position) \
               join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum \
               order by k.position) as columns \
         from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid \
         where t.relnamespace = current_schema()::regnamespace and x.indpred is null",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut names = HashSet::new();
    let mut others = HashSet::new();
    for row in rows {
        let name: String = row.try_get("name")?;
        let columns: Vec<String> = row.try_get("columns")?;
        let ours = INDEXES.iter().any(|index| index.name == name);
        if !ours && !row.try_get::<bool, _>("is_unique")? {
            others.insert((row.try_get::<String, _>("table_name")?, columns));
        }
        names.insert(name);
    }
    let mut added_expression = false;
    for index in &INDEXES {
        let columns = index.columns.iter().map(|column| (*column).to_owned()).collect();
        if !names.contains(index.name) && !others.contains(&(index.table.to_owned(), columns)) {
            sqlx::query(index.ddl).execute(&mut *connection).await?;
            added_expression |= index.columns == ["(place)"];
        }
    }
    let statement = "select exists (select 1 from index_record_url)";
    if added_expression && sqlx::query_scalar(statement).fetch_one(&mut *connection).await? {
        // Without statistics of the expression the database might read the whole table instead. Not while it
        // is empty: the database would plan for an empty table, and keep to that while it fills.
        sqlx::query("analyze index_record_url").execute(connection).await?;
    }
    Ok(())
}

/// Notes the schema in `alembic_version`, so that the original's migrations know that there is nothing to do.
/// A revision that we don't know is newer than ours and stays.
async fn mark(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("update alembic_version set version_num = $1 where version_num = any($2)")
        .bind(HEAD)
        .bind(CHAIN.map(str::to_owned).to_vec())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into alembic_version (version_num) \
         select $1 where not exists (select 1 from alembic_version)",
    )
    .bind(HEAD)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
